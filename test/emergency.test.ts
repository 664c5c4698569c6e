// The generator's emergency mode against a running deployment: it counts who is signed in, ends everyone's sessions here and at the gate,
// including those that the dashboard never saw, and says what it cannot reach. On SQLite and on Redis.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { Store } from '../src/store/contract.ts';
import { createRedisStore } from '../src/store/redis.ts';
import { connectRedis, type RedisClient } from '../src/store/redis-client.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { countPeople, endEverything } from '../src/wiring/emergency.ts';
import { plantSession } from './support/planted.ts';
import { type PrivateRedis, startRedis } from './support/redis.ts';
import { need } from './support/requirement.ts';

const [ada, grace] = [
  { personId: '1', email: 'ada@example.org' },
  { personId: '2', email: 'grace@example.org' },
];

for (const kind of ['sqlite', 'redis'] as const) {
  suite(
    `an emergency on ${kind}`,
    await need(...(kind === 'redis' ? (['redis-server'] as const) : [])),
    () => {
      let folder: string;
      let envFile: string;
      let redis: PrivateRedis | undefined;
      let client: RedisClient | undefined;
      let store: Store;
      let planted = 0;
      const plant = (of: Parameters<typeof plantSession>[1]) => {
        planted += 1;
        return plantSession({ store, now: Date.now }, of);
      };
      before(async () => {
        folder = mkdtempSync(join(tmpdir(), 'gatehouse-emergency-'));
        redis = kind === 'redis' ? await startRedis() : undefined;
        client = redis && connectRedis(redis.url, () => {});
        store = client ? createRedisStore(client) : openSqliteStore(join(folder, 'data'));
        envFile = join(folder, '.env');
        const settings = {
          SECRET_KEY: randomBytes(32).toString('hex'),
          GATE_SECRET: randomBytes(32).toString('hex'),
          DATA_DIR: join(folder, 'data'),
          AUDIT_LOG_FILE: 'off',
          ...(redis && { SESSION_BACKEND: 'redis', REDIS_URL: redis.url }),
        };
        writeFileSync(
          envFile,
          Object.entries(settings)
            .map(([name, value]) => `${name}=${value}\n`)
            .join(''),
        );
      });
      after(async () => {
        await store.close();
        await redis?.close();
        rmSync(folder, { recursive: true, force: true });
      });

      test('each person is counted once, and only if signed in', async () => {
        assert.equal(await countPeople(envFile), 0);
        for (const person of [ada, ada, grace]) await plant(person);
        const longAgo = Date.now() - 3 * 86_400_000;
        await plant({ personId: '3', email: 'idle@example.org', lastSeenAt: longAgo, createdAt: longAgo });
        assert.equal(await countPeople(envFile), 2);
      });

      test('everyone is signed out: here, and at the gate including sessions unknown to the app', async () => {
        const own = await plant(ada);
        const keys = Array.from({ length: 700 }, () => `_oauth2_proxy-${randomBytes(16).toString('hex')}`);
        const others = [
          '_oauth2_proxy-healthcheck-1',
          'somebody:else',
          `_other-${randomBytes(16).toString('hex')}`,
        ];
        for (const key of [...keys, ...others]) await client?.set(key, 'sealed', 'EX', 600);
        const ended = await endEverything(envFile);
        assert.deepEqual(ended, { sessions: planted, gate: kind === 'redis' ? 700 : 'in cookies' });
        assert.equal((await store.sessions.read(own.key))?.ended?.reason, 'revoked_by_operator');
        assert.equal(await countPeople(envFile), 0);
        if (client) assert.deepEqual([await client.exists(...keys), await client.exists(...others)], [0, 3]);
        assert.deepEqual(await endEverything(envFile), {
          sessions: 0,
          gate: kind === 'redis' ? 0 : 'in cookies',
        });
      });

      test('each ending is recorded as done from the terminal', async () => {
        const entries = (await store.record.after(0, 100)).map(({ text }) => JSON.parse(text));
        const ends = entries.filter(({ event }) => event === 'session.revoked');
        assert.equal(ends.length, planted);
        for (const { by } of ends) assert.equal(by, 'terminal');
      });

      test('--file uses that deployment and not the one in the current folder', async (t) => {
        const other = join(folder, 'other');
        const there = openSqliteStore(join(other, 'data'));
        const before = process.cwd();
        process.chdir(folder);
        t.after(async () => {
          process.chdir(before);
          await there.close();
        });
        const secrets = `SECRET_KEY=${randomBytes(32).toString('hex')}\nGATE_SECRET=${randomBytes(32).toString('hex')}\n`;
        writeFileSync(join(other, '.env'), secrets);
        // The working directory of this command has a store of the same name.
        const here = openSqliteStore(join(folder, 'data'));
        t.after(() => here.close());
        const mine = await plantSession({ store: here, now: Date.now }, ada);
        const theirs = await plantSession({ store: there, now: Date.now }, grace);
        assert.equal(await countPeople(join(other, '.env')), 1);
        assert.equal((await endEverything(join(other, '.env'))).sessions, 1);
        assert.ok((await there.sessions.read(theirs.key))?.ended);
        assert.equal((await here.sessions.read(mine.key))?.ended, undefined);
        assert.ok(existsSync(join(other, 'logs')) && !existsSync(join(folder, 'logs')));
      });

      test('whatever is down or missing is reported, and nothing is created', async () => {
        const elsewhere = join(folder, 'elsewhere.env');
        const secrets = `SECRET_KEY=${randomBytes(32).toString('hex')}\nGATE_SECRET=${randomBytes(32).toString('hex')}\n`;
        const lost = { sessions: 'unreachable', gate: 'unreachable' };
        const down = 'SESSION_BACKEND=redis\nREDIS_URL=redis://127.0.0.1:1/0\n';
        const texts = [
          `${secrets}DATA_DIR=${join(folder, 'none')}\n`,
          `${secrets}${down}`,
          'SECRET_KEY=changeme\n',
        ];
        for (const text of texts) {
          writeFileSync(elsewhere, text);
          assert.deepEqual(await endEverything(elsewhere), lost, text);
          assert.equal(await countPeople(elsewhere), undefined);
        }
        assert.ok(!existsSync(join(folder, 'none')));
      });
    },
  );
}
