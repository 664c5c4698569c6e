// Kill -9 during a backup, a restore and a migration, at instants spread over the run: afterwards the data is complete, either old or new,
// and the same command works when run again. KILLS=30 for thirty of each.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, createReadStream, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { recordKeys } from '../src/audit/chain.ts';
import { readArchive } from '../src/backup/archive.ts';
import { enterPlace } from '../src/backup/enter.ts';
import { auditKeyOf } from '../src/crypto/kdf.ts';
import { connectRedis, type RedisClient } from '../src/store/redis-client.ts';
import { migrateRedis } from '../src/store/redis-migrate.ts';
import { migrateSqlite } from '../src/store/sqlite-migrate.ts';
import { type KeptPlace, makePlace, wholeWith } from './support/kept-place.ts';
import { type PrivateRedis, startRedis } from './support/redis.ts';
import { need } from './support/requirement.ts';
import { redisSteps, sqliteSteps } from './support/slow-migrations.ts';

const kills = Number(process.env['KILLS'] ?? 3);
const preload = pathToFileURL(join(import.meta.dirname, 'support', 'kill-before.mjs')).href;
const secretKey = randomBytes(32).toString('hex');
const withRedis = await need('redis-server');

/** @returns the numbers of `kills` calls, spread evenly, including the first and the last */
const spread = (calls: number) =>
  Array.from({ length: kills }, (_, i) => Math.floor((i * (calls - 1)) / Math.max(1, kills - 1)));

for (const kind of ['SQLite', 'Redis'] as const) {
  suite(`kills on ${kind}`, kind === 'Redis' ? withRedis : {}, () => {
    let root: string;
    let server: PrivateRedis | undefined;
    let redis: RedisClient | undefined;
    let archive: string;
    let place: KeptPlace;
    before(async () => {
      root = mkdtempSync(join(tmpdir(), 'gatehouse-kills-'));
      const source = makePlace({ root, secretKey });
      await source.fill('new');
      archive = join(root, 'new.tar.gz');
      assert.equal((await source.gatehouse(['backup', archive])).code, 0);
      if (kind === 'Redis') server = await startRedis();
      redis = server && connectRedis(server.url, () => undefined);
      place = makePlace({ root, secretKey, ...(server && { redisUrl: server.url }) });
    });
    after(async () => {
      redis?.disconnect();
      await server?.close();
      rmSync(root, { recursive: true });
    });

    /** Resets the place to its initial state, which contains "old". */
    async function reset(): Promise<void> {
      await redis?.flushdb();
      for (const name of readdirSync(place.folder)) rmSync(join(place.folder, name), { recursive: true });
      const kept = join(root, 'kept');
      // SQLite's files are copied, which is faster than creating them.
      if (!redis && existsSync(kept)) {
        cpSync(kept, place.folder, { recursive: true });
        return;
      }
      await place.fill('old');
      if (!redis) cpSync(place.folder, kept, { recursive: true });
    }
    const killer = (more: Record<string, string>) => ({
      env: { NODE_OPTIONS: `--import=${preload}`, KILL_UNDER: place.dataDir, ...more },
    });
    async function countCalls(args: readonly string[]): Promise<number> {
      await reset();
      const { code, err } = await place.gatehouse(args, killer({ COUNT_CALLS: '1' }));
      assert.equal(code, 0, err);
      return Number(/calls (\d+)/.exec(err)?.[1]);
    }
    /** What the next start finds. */
    async function whatIsThere() {
      const { dataDir, env } = place;
      const files = { dataDir, emailsFile: env['EMAILS_FILE'] ?? '', logFile: env['AUDIT_LOG_FILE'] };
      const url = server?.url;
      const connect =
        url === undefined
          ? undefined
          : () => ({ redis: connectRedis(url, () => undefined), prefix: 'gatehouse:' });
      const release = await enterPlace(files, connect);
      release();
      return place.words();
    }

    test(`${kind}: a killed restore leaves the old store or the new one, and succeeds when run again`, async () => {
      const args = ['restore', archive, '--replace', '--yes'];
      const found: string[] = [];
      const calls = spread(await countCalls(args));
      for (const call of calls) {
        await reset();
        const { code } = await place.gatehouse(args, killer({ KILL_AT_CALL: String(call) }));
        assert.equal(code, null, `killed before call ${call}`);
        const words = await whatIsThere();
        const word = words['store'] ?? '';
        assert.deepEqual(words, wholeWith(word), `killed before call ${call}`);
        found.push(word);
        if (word === 'new' && call !== calls.at(-1)) continue;
        const again = await place.gatehouse(args);
        assert.equal(again.code, 0, again.err);
        assert.deepEqual(await place.words(), wholeWith('new'));
        assert.deepEqual(
          readdirSync(place.dataDir).filter((name) => /^restore/.test(name)),
          [],
        );
      }
      assert.ok(found.includes('old') && found.includes('new'), `both were met: ${found}`);
    });

    // The file is written in the same way whichever store it was read from.
    if (process.env['KILLS'] === undefined && kind === 'Redis') return;
    test(`${kind}: a killed backup leaves no file or a complete one, and does not change the store`, async () => {
      const file = join(root, 'killed.tar.gz');
      const args = ['backup', file];
      const calls = await countCalls(args);
      for (const call of spread(calls)) {
        rmSync(file, { force: true });
        await reset();
        const { code } = await place.gatehouse(args, killer({ KILL_AT_CALL: String(call) }));
        assert.equal(code, null, `killed before call ${call}`);
        assert.deepEqual(await whatIsThere(), wholeWith('old'));
        if (existsSync(file)) {
          const folder = mkdtempSync(join(root, 'read-'));
          (await readArchive({ input: createReadStream(file), folder })).judge(
            recordKeys([auditKeyOf(secretKey)]),
          );
        }
        const again = await place.gatehouse([...args, '--force']);
        assert.equal(again.code, 0, again.err);
        assert.deepEqual(
          readdirSync(place.dataDir).filter((name) => /^backup-/.test(name)),
          [],
        );
        assert.deepEqual(
          readdirSync(root).filter((name) => name.endsWith('.part')),
          [],
        );
      }
    });
  });
}

suite('kills during migrations', withRedis, () => {
  let root: string;
  let server: PrivateRedis;
  let redis: RedisClient;
  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'gatehouse-kills-'));
    server = await startRedis();
    redis = connectRedis(server.url, () => undefined);
  });
  after(async () => {
    redis.disconnect();
    await server.close();
    rmSync(root, { recursive: true });
  });

  /** Kills a migration this many milliseconds after it reports that it begins. @returns whether it was still running */
  async function killMigration(where: string, ms: number): Promise<boolean> {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'support', 'slow-migrations.ts'), where],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(child.stdout, 'data');
    const ended = once(child, 'close');
    const timer = setTimeout(() => child.kill('SIGKILL'), ms);
    const [code] = await ended;
    clearTimeout(timer);
    return code === null;
  }

  test('SQLite: a killed migration is either not applied or complete', async () => {
    const folder = join(root, 'sqlite');
    mkdirSync(folder);
    let killed = 0;
    for (let i = 0; i < kills; i++) {
      const path = join(folder, `${i}.db`);
      const db = new DatabaseSync(path);
      db.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER, layout INTEGER)');
      const numbers = JSON.stringify(Array.from({ length: 20_000 }, (_, n) => n));
      db.prepare('INSERT INTO t SELECT value, 1 FROM json_each(?)').run(numbers);
      db.exec('PRAGMA user_version = 1');
      db.close();
      killed += Number(await killMigration(path, 1 + 3 * i));
      const after = new DatabaseSync(path, { timeout: 5000 });
      const version = Number(after.prepare('PRAGMA user_version').get()?.['user_version']);
      const layouts = () =>
        after
          .prepare('SELECT layout, count(*) n FROM t GROUP BY layout')
          .all()
          .map(({ layout, n }) => [layout, n]);
      assert.ok(version === 1 || version === 3, `version ${version}`);
      assert.deepEqual(layouts(), [[version, 20_000]]);
      migrateSqlite(after, sqliteSteps, path);
      assert.deepEqual(layouts(), [[3, 20_000]]);
      assert.equal(after.prepare('PRAGMA integrity_check').get()?.['integrity_check'], 'ok');
      after.close();
    }
    assert.ok(killed > 0, 'some were killed before they were through');
  });

  test('Redis: a killed migration is resumed; nothing is lost or done twice', async () => {
    const prefix = 'gatehouse:';
    let killed = 0;
    for (let i = 0; i < kills; i++) {
      await redis.flushdb();
      for (let n = 0; n < 300; n++) await redis.set(`${prefix}old:${n}`, n);
      killed += Number(await killMigration(server.url, 1 + 4 * i));
      // Its lock expires by itself, but the test does not wait that long.
      await redis.del(`${prefix}store:migrating`);
      await migrateRedis({ redis, prefix, steps: redisSteps });
      assert.equal(await redis.hget(`${prefix}store`, 'schema'), '3');
      assert.deepEqual(await redis.keys(`${prefix}old:*`), []);
      const values = await Promise.all(Array.from({ length: 300 }, (_, n) => redis.get(`${prefix}new:${n}`)));
      assert.deepEqual(
        values,
        Array.from({ length: 300 }, (_, n) => `3 ${n}`),
      );
    }
    assert.ok(killed > 0, 'some were killed before they were through');
  });
});
