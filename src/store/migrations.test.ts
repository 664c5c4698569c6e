// Every earlier layout of a store opens with all its data; a newer one is refused and left unchanged; a killed migration leaves no trace.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, suite, test } from 'node:test';
import { assertFilled, fillStore, grace } from '../../test/support/filled-store.ts';
import { makeOldFile, makeOldKeys, oldStoresAt } from '../../test/support/old-stores.ts';
import { type PrivateRedis, startRedis } from '../../test/support/redis.ts';
import { need } from '../../test/support/requirement.ts';
import { StoreUnavailable } from './contract.ts';
import { NewerStore } from './migrations.ts';
import { createRedisStore } from './redis.ts';
import { connectRedis, type RedisClient } from './redis-client.ts';
import { migrateRedis } from './redis-migrate.ts';
import { redisMigrations } from './redis-migrations.ts';
import { openSqliteStore } from './sqlite.ts';
import { migrateSqlite } from './sqlite-migrate.ts';
import { sqliteMigrations } from './sqlite-migrations.ts';

suite('layouts of SQLite', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-layouts-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const placeOf = (name: string) => mkdtempSync(join(folder, name));
  const schemaOf = (place: string) => {
    const db = new DatabaseSync(join(place, 'gatehouse.db'));
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
    const columns = tables.map(({ name }) => db.prepare(`PRAGMA table_xinfo('${name}')`).all());
    const others = db
      .prepare("SELECT name, tbl_name, sql FROM sqlite_schema WHERE type <> 'table' ORDER BY name")
      .all();
    const version = db.prepare('PRAGMA user_version').get();
    db.close();
    return { tables, columns, others, version };
  };

  for (const [about, name, version] of [
    ['0.1.0 (without a version)', 'sqlite-0.sql', 0],
    ['version 1', 'sqlite-0.sql', 1],
  ] as const) {
    test(`SQLite: a file of ${about} opens with all its data, and equals a new one`, async () => {
      const place = placeOf('old-');
      makeOldFile(join(place, 'gatehouse.db'), name, version);
      const store = openSqliteStore(place);
      await assertFilled(store, oldStoresAt);
      await store.close();
      const fresh = placeOf('new-');
      await openSqliteStore(fresh).close();
      assert.deepEqual(schemaOf(place), schemaOf(fresh));
    });
  }

  test('SQLite: a file from before notes named their person gets the column', async () => {
    const place = placeOf('oldest-');
    makeOldFile(join(place, 'gatehouse.db'), 'sqlite-0.sql', 0);
    const db = new DatabaseSync(join(place, 'gatehouse.db'));
    db.exec('DROP INDEX note_by_person; ALTER TABLE note DROP COLUMN person_id;');
    db.close();
    const store = openSqliteStore(place);
    assert.deepEqual(await store.notes.ofPerson(grace.id, oldStoresAt), []);
    await store.notes.write('n', 1, oldStoresAt + 1000, grace.id);
    assert.equal((await store.notes.ofPerson(grace.id, oldStoresAt)).length, 1);
    await store.close();
  });

  test('SQLite: a newer file is refused by name, and not a byte of it changes', async () => {
    const place = placeOf('newer-');
    const path = join(place, 'gatehouse.db');
    makeOldFile(path, 'sqlite-0.sql', 1000);
    const bytes = readFileSync(path);
    const known = sqliteMigrations.at(-1)?.version;
    assert.throws(
      () => openSqliteStore(place),
      (error: Error) =>
        error instanceof NewerStore &&
        error.message.includes(`${path} was written by a newer`) &&
        error.message.includes(`version 1000, but this program only knows versions up to ${known}`),
    );
    assert.deepEqual(readFileSync(path), bytes);
  });

  test('SQLite: a failure in the middle of the steps undoes all of them', () => {
    const db = new DatabaseSync(join(placeOf('fails-'), 'x.db'));
    const steps = [
      { version: 1, about: '', run: () => db.exec('CREATE TABLE a (x)') },
      { version: 2, about: '', run: () => db.exec('INSERT INTO nowhere VALUES (1)') },
    ];
    assert.throws(() => migrateSqlite(db, steps, 'x.db'), /no such table/);
    assert.equal(db.prepare('SELECT count(*) n FROM sqlite_schema').get()?.['n'], 0);
    assert.equal(db.prepare('PRAGMA user_version').get()?.['user_version'], 0);
    db.close();
  });
});

suite('layouts of Redis', await need('redis-server'), () => {
  let server: PrivateRedis;
  let redis: RedisClient;
  before(async () => {
    server = await startRedis();
    redis = connectRedis(server.url, () => undefined);
  });
  after(async () => {
    redis.disconnect();
    await server.close();
  });
  const openStore = () => createRedisStore(connectRedis(server.url, () => undefined));
  const newest = redisMigrations.at(-1)?.version ?? 1;

  for (const [about, version] of [
    ['0.1.0 (without a version)', undefined],
    ['version 1', '1'],
  ] as const) {
    test(`Redis: keys of ${about} are read with all their data`, async () => {
      await redis.flushdb();
      await makeOldKeys(redis, 'redis-1.jsonl');
      if (version !== undefined) await redis.hset('gatehouse:store', 'schema', version);
      const store = openStore();
      await store.prepare();
      assert.equal(await redis.hget('gatehouse:store', 'schema'), String(newest));
      await assertFilled(store, oldStoresAt);
      await store.close();
    });
  }

  test('Redis: a new store has the newest version', async () => {
    await redis.flushdb();
    const store = openStore();
    await fillStore(store, Date.now());
    assert.equal(await redis.hget('gatehouse:store', 'schema'), String(newest));
    await store.close();
  });

  test('Redis: keys of a newer program are refused by name in every operation, and none of them changes', async () => {
    await redis.flushdb();
    await redis.hset('gatehouse:store', 'schema', '1000');
    const store = openStore();
    const refusal = { name: 'NewerStore', message: /REDIS_URL was written by a newer.*version 1000/ };
    await assert.rejects(store.prepare(), refusal);
    await assert.rejects(store.ping(), refusal);
    await assert.rejects(store.notes.write('x', 1, Date.now() + 1000), refusal);
    assert.deepEqual(await redis.keys('*'), ['gatehouse:store']);
    // The newer program restored the layout that this one knows: no restart is needed.
    await redis.hset('gatehouse:store', 'schema', String(newest));
    await store.notes.write('x', 1, Date.now() + 1000);
    await store.close();
  });

  test('Redis: of two processes that find an older layout one runs the steps, once and in order', async () => {
    await redis.flushdb();
    const ran: number[] = [];
    let asked = 0;
    const countingLocks = (client: RedisClient): RedisClient =>
      new Proxy(client, {
        get(target, name) {
          if (name === 'set') asked += 1;
          const member: unknown = Reflect.get(target, name);
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
    const steps = [2, 3].map((version) => ({
      version,
      about: '',
      run: async () => {
        ran.push(version);
        // Until the other process waits for the lock, or runs this step too.
        while (asked < 2 && ran.length < 2) await redis.ping();
      },
    }));
    const other = connectRedis(server.url, () => undefined);
    const prefix = 'gatehouse:';
    await Promise.all(
      [redis, other].map((client) => migrateRedis({ redis: countingLocks(client), prefix, steps })),
    );
    other.disconnect();
    assert.deepEqual(ran, [2, 3]);
    assert.equal(await redis.hget('gatehouse:store', 'schema'), '3');
    assert.equal(await redis.exists('gatehouse:store:migrating'), 0);
  });

  test('Redis: a step that fails is run again by the next process, and one that waits too long says why', async () => {
    await redis.flushdb();
    const prefix = 'gatehouse:';
    let tries = 0;
    const steps = [
      {
        version: 2,
        about: '',
        run: async () => {
          tries += 1;
          if (tries === 1) throw new Error('cut off');
        },
      },
    ];
    await assert.rejects(migrateRedis({ redis, prefix, steps }), /cut off/);
    assert.equal(await redis.hget('gatehouse:store', 'schema'), null);
    await redis.set('gatehouse:store:migrating', 'another');
    await assert.rejects(migrateRedis({ redis, prefix, steps, waitMs: 0 }), StoreUnavailable);
    await redis.del('gatehouse:store:migrating');
    await migrateRedis({ redis, prefix, steps });
    assert.deepEqual([tries, await redis.hget('gatehouse:store', 'schema')], [2, '2']);
  });
});
