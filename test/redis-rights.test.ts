// The Redis user of docs/redis.md: the whole program works as that user and uses nothing beyond those permissions except what is optional;
// the check-up finds nothing wrong with it, and names what a user with fewer permissions lacks.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { Redis } from 'ioredis';
import { startApp } from '../demo/app.ts';
import { freePort, waitFor } from '../demo/child.ts';
import { checkUp } from '../src/doctor/check-up.ts';
import { redisChecks } from '../src/doctor/checks/redis.ts';
import type { RedisFact } from '../src/doctor/deployment.ts';
import { lookAtRedis } from '../src/doctor/look/redis.ts';
import { aclRules, redisRights } from '../src/store/redis-rights.ts';
import { createClient } from './support/client.ts';
import { deploymentWith } from './support/deployment.ts';
import { type PrivateRedis, startRedis } from './support/redis.ts';
import { need } from './support/requirement.ts';

const hex = () => randomBytes(32).toString('hex');
const cookie = '_oauth2_proxy';
const everything = '~* &* +@all';
const all = (facts: RedisFact) =>
  checkUp({ ...deploymentWith({}), redis: { found: [facts] } }, 'high', redisChecks);

test('every right in the table is needed by the program or one of its libraries', () => {
  const libraries = [
    'connect-redis/dist/connect-redis.js',
    'rate-limit-redis/dist/index.mjs',
    'ioredis/built/redis/event_handler.js',
  ];
  const sources = globSync([
    'src/store/redis*.ts',
    'src/gate/*.ts',
    'src/http/rate-counters.ts',
    'src/ops/*.ts',
    'src/commands/serve-run.ts',
    'src/doctor/*.ts',
  ])
    .filter((file) => !file.endsWith('.test.ts') && !file.includes('redis-rights'))
    .concat(libraries.map((name) => join('node_modules', name)))
    .map((file) => readFileSync(file, 'utf8').toLowerCase())
    .join('\n');
  const unused = redisRights
    .filter(({ need: why }) => why !== 'cluster')
    .map(({ command }) => command.split('|')[0] ?? '')
    .filter((command) => !new RegExp(`[.'"]${command}(?:buffer)?['"(]|call\\('${command}'`).test(sources));
  assert.deepEqual(unused, []);
});

suite('a Redis user with few rights', await need('redis-server'), () => {
  let redis: PrivateRedis;
  let admin: Redis;
  before(async () => {
    redis = await startRedis([
      'appendonly yes',
      `user desk on >pw ${aclRules('desk2:', cookie).join(' ')}`,
      `user hosted on >pw ${everything} -@dangerous -@admin`,
      `user noeval on >pw ${everything} -eval`,
      `user nohash on >pw ${everything} -hincrby`,
      `user elsewhere on >pw ~other:* +@all`,
    ]);
    admin = new Redis(redis.url);
  });
  after(async () => {
    admin.disconnect();
    await redis.close();
  });
  const as = (user: string, database = 0) => `redis://${user}:pw@127.0.0.1:${redis.port}/${database}`;
  const look = (user: string) =>
    lookAtRedis({ setting: 'REDIS_URL', url: as(user), prefix: 'desk2:', mustEnd: [] }, Date.now);

  test('the program works as the user of docs/redis.md, and needs nothing else', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-rights-'));
    const [port, opsPort] = [await freePort(), await freePort()];
    const gateSecret = hex();
    const origin = `http://localhost:${port}`;
    const env = {
      ...{ PUBLIC_URL: origin, HOST: '127.0.0.1', PORT: String(port), OPS_PORT: String(opsPort) },
      ...{ SECRET_KEY: hex(), GATE_SECRET: gateSecret, ADMIN_EMAILS: 'ada@example.org' },
      ...{
        SESSION_BACKEND: 'redis',
        REDIS_URL: as('desk', 3),
        REDIS_PREFIX: 'desk2:',
        AUDIT_LOG_FILE: 'off',
      },
    };
    await admin.call('ACL', 'LOG', 'RESET');
    const app = await startApp({ env, cwd: folder });
    t.after(async () => {
      await app.stop();
      rmSync(folder, { recursive: true, force: true });
    });
    const ready = () => createClient(`http://127.0.0.1:${opsPort}`).ask('/readyz');
    await waitFor('ready', async () => (await ready()).status === 200);
    const ada = createClient(origin, {
      headers: {
        authorization: `Basic ${Buffer.from(`1:${gateSecret}`).toString('base64')}`,
        'x-forwarded-user': '1',
        'x-forwarded-email': 'ada@example.org',
      },
    });
    for (const path of [
      '/dashboard',
      '/devices',
      '/radar',
      '/record',
      '/keys',
      '/privacy',
      '/checkup',
      '/activity',
    ])
      assert.equal((await ada.ask(path)).status, 200, path);
    const { csrfToken } = (await ada.ask('/api/me')).json<{ csrfToken: string }>();
    const headers = { origin, 'content-type': 'application/x-www-form-urlencoded' };
    const body = new URLSearchParams({ _csrf: csrfToken, theme: 'dark' }).toString();
    for (const [path, status] of [
      ['/settings', 303],
      ['/logout', 303],
    ] as const)
      assert.equal((await ada.ask(path, { method: 'POST', headers, body })).status, status, path);
    const refused = ((await admin.call('ACL', 'LOG', '100')) as string[][]).map(
      (entry) => entry[entry.indexOf('object') + 1] ?? '',
    );
    const optional = redisRights.filter(({ need: why }) => why === 'optional').map(({ command }) => command);
    assert.deepEqual(
      refused.filter((command) => !optional.includes(command)),
      [],
    );
  });

  test('a user who may not call INFO and CONFIG gets no finding, and the checks that need them do not pass', async () => {
    for (const user of ['hosted', 'desk']) {
      const report = all(await look(user));
      assert.deepEqual(
        report.findings.map(({ id }) => id),
        [],
        user,
      );
      const notChecked = report.notChecked.map(({ id }) => id);
      for (const id of ['redis.version', 'redis.memory', 'redis.eviction', 'redis.persistence'])
        assert.ok(notChecked.includes(id), `${user}: ${id}`);
      for (const id of ['redis.reachable', 'redis.writable'])
        assert.ok(!notChecked.includes(id), `${user}: ${id}`);
    }
    assert.deepEqual(await admin.keys('desk2:{check}*'), [], 'nothing of the check-up is left');
  });

  test('rights that the app needs and the user lacks are reported, with what to do', async () => {
    for (const [user, word] of [
      ['noeval', 'NOPERM (EVAL)'],
      ['nohash', 'NOPERM (EVAL)'],
      ['elsewhere', 'NOPERM (SET)'],
    ] as const) {
      const { findings } = all(await look(user));
      assert.deepEqual(
        findings.map(({ id }) => id),
        ['redis.writable'],
        user,
      );
      assert.ok(
        JSON.stringify(findings).includes(word) && JSON.stringify(findings).includes('docs/redis.md'),
        user,
      );
    }
    await admin.config('SET', 'maxmemory', '1');
    try {
      const full = all(await look('hosted')).findings;
      assert.match(JSON.stringify(full), /redis\.writable.*OOM/);
    } finally {
      await admin.config('SET', 'maxmemory', '0');
    }
    const out = all(
      await lookAtRedis(
        { setting: 'REDIS_URL', url: as('desk', 99), prefix: 'desk2:', mustEnd: [] },
        Date.now,
      ),
    );
    assert.match(
      JSON.stringify(out.findings),
      /redis\.reachable.*ERR \(SELECT\).*no database with the number/,
    );
  });

  test('a single-server URL that points to a cluster node is reported', async (t) => {
    const node = await startRedis(['cluster-enabled yes', `cluster-port ${await freePort()}`]);
    t.after(() => node.close());
    const facts = await lookAtRedis(
      { setting: 'REDIS_URL', url: node.url, prefix: 'a:', mustEnd: [] },
      Date.now,
    );
    assert.match(JSON.stringify(all(facts).findings), /redis\.writable.*redis\+cluster:\/\//);
  });
});
