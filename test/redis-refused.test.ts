// What Redis refuses while a connection is set up is never ignored: nothing is read or written in another database than the requested one,
// or as another user, and the log, /readyz and the response say which command was refused, and why.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { startApp } from '../demo/app.ts';
import { freePort, waitFor } from '../demo/child.ts';
import { StoreUnavailable } from '../src/store/contract.ts';
import { createRedisStore } from '../src/store/redis.ts';
import { connectListener, connectRedis } from '../src/store/redis-client.ts';
import { createClient } from './support/client.ts';
import { type PrivateRedis, startRedis } from './support/redis.ts';
import { need } from './support/requirement.ts';

const hex = () => randomBytes(32).toString('hex');

suite('a connection whose setup is refused', await need('redis-server'), () => {
  let redis: PrivateRedis;
  let admin: Redis;
  before(async () => {
    redis = await startRedis([
      'databases 4',
      'user nosel on >pw ~* &* +@all -select',
      'user noinfo on >pw ~* &* +@all -@dangerous -@admin',
      // Without HELLO the client falls back to AUTH, and would ignore a refusal of that.
      'rename-command HELLO ""',
    ]);
    admin = new Redis(redis.url);
  });
  after(async () => {
    admin.disconnect();
    await redis.close();
  });
  const as = (user: string, database: number) => `redis://${user}@127.0.0.1:${redis.port}/${database}`;
  const own = () => new URL(redis.url).password;
  const urls = {
    'a missing database': [() => as(`:${own()}`, 9), 'SELECT', 'ERR'],
    'a user without SELECT': [() => as('nosel:pw', 2), 'SELECT', 'NOPERM'],
    'a wrong password': [() => as('nosel:px', 0), 'AUTH', 'WRONGPASS'],
  } as const;

  for (const [about, [urlOf, command, code]] of Object.entries(urls)) {
    test(`${about}: nothing is done in database 0, and the command is reported`, async (t) => {
      const told: Error[] = [];
      const client = connectRedis(urlOf(), (error) => told.push(error));
      const store = createRedisStore(client);
      t.after(() => store.close());
      const at = Date.now() + 60_000;
      for (const refusal of await Promise.allSettled([
        store.notes.write('a', 1, at),
        store.claims.claim('a', 'b', Date.now(), at),
        store.facts.create('a', 'b'),
        store.ping(),
      ])) {
        assert.ok(refusal.status === 'rejected' && refusal.reason instanceof StoreUnavailable);
        assert.deepEqual([refusal.reason.fault?.command, refusal.reason.fault?.code], [command, code]);
      }
      assert.deepEqual(await admin.keys('*'), [], 'nothing was written into database 0');
      assert.ok(told.length > 0, 'it is told to whoever logs it');
    });

    test(`${about}: the connection for events is not used either`, async (t) => {
      const client = connectRedis(urlOf(), () => {});
      assert.ok(client instanceof Redis);
      client.disconnect();
      const listener = connectListener(client);
      t.after(() => listener.disconnect());
      await assert.rejects(listener.psubscribe('__keyspace@*__:x-*'));
      assert.notEqual(listener.status, 'ready');
    });
  }

  test('a user who may not call INFO is served, and only JSON is written to the log', async (t) => {
    const app = await start(t, as('noinfo:pw', 2), { REDIS_PREFIX: 'desk2:' });
    await waitFor('ready', async () => (await app.ready()).status === 200);
    assert.equal((await app.asOperator.ask('/dashboard')).status, 200);
    await admin.select(2);
    const keys = await admin.keys('*');
    await admin.select(0);
    assert.ok(
      keys.some((key) => key.startsWith('desk2:rate:')) &&
        keys.some((key) => key.startsWith('desk2:session:')),
    );
    assert.deepEqual(
      keys.filter((key) => !key.startsWith('desk2:')),
      [],
      'every key has the prefix',
    );
    assert.deepEqual(
      app.lines.filter((line) => !line.startsWith('{"level":')),
      [],
      'JSON alone',
    );
  });

  test('the program: not ready, answers no request from another database, and the log says why', async (t) => {
    const app = await start(t, as('nosel:pw', 3));
    const ready = await app.ready();
    assert.equal(ready.status, 503);
    const { store } = ready.json<{ store?: Record<string, string> }>();
    assert.deepEqual([store?.['code'], store?.['command']], ['NOPERM', 'SELECT']);
    assert.match(store?.['mend'] ?? '', /docs\/redis\.md/);
    const page = await app.asOperator.ask('/dashboard');
    assert.equal(page.status, 503);
    assert.match(page.text, /NOPERM/);
    assert.match(page.text, /docs\/redis\.md/);
    const member = await app.asMember.ask('/dashboard');
    assert.equal(member.status, 503);
    assert.doesNotMatch(member.text, /NOPERM|SELECT|redis/i, 'a member is told nothing of Redis');
    assert.deepEqual(await admin.keys('*'), []);
    const lines = app.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const told = lines.filter(({ event }) => event === 'redis.unreachable');
    assert.deepEqual(
      [told[0]?.['setting'], told[0]?.['code'], told[0]?.['command']],
      ['REDIS_URL', 'NOPERM', 'SELECT'],
    );
    assert.ok(
      told.some(({ setting }) => setting === 'GATE_REDIS_URL'),
      'the gate’s connection is refused as well',
    );
    assert.ok(!app.lines.join('').includes('pw@'), 'no password');
  });
});

async function start(t: TestContext, url: string, more: Readonly<Record<string, string>> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-refused-'));
  const [port, opsPort] = [await freePort(), await freePort()];
  const lines: string[] = [];
  const gateSecret = hex();
  const env = {
    PUBLIC_URL: `http://localhost:${port}`,
    HOST: '127.0.0.1',
    PORT: String(port),
    OPS_PORT: String(opsPort),
    SECRET_KEY: hex(),
    GATE_SECRET: gateSecret,
    ADMIN_EMAILS: 'ada@example.org',
    SESSION_BACKEND: 'redis',
    REDIS_URL: url,
    AUDIT_LOG_FILE: 'off',
    ...more,
  };
  const child = await startApp({ env, cwd: folder, onLine: (line) => lines.push(line) });
  t.after(async () => {
    await child.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const origin = `http://localhost:${port}`;
  const as = (id: string, email: string) =>
    createClient(origin, {
      headers: {
        authorization: `Basic ${Buffer.from(`${id}:${gateSecret}`).toString('base64')}`,
        'x-forwarded-user': id,
        'x-forwarded-email': email,
      },
    });
  return {
    lines,
    ready: () => createClient(`http://127.0.0.1:${opsPort}`).ask('/readyz'),
    asOperator: as('1', 'ada@example.org'),
    asMember: as('2', 'grace@example.org'),
  };
}
