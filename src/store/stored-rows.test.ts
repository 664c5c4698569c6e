// A store that was copied into another one, of either backend, returns the same data.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, suite, test } from 'node:test';
import { assertFilled, fillStore } from '../../test/support/filled-store.ts';
import { type PrivateRedis, startRedis } from '../../test/support/redis.ts';
import { need } from '../../test/support/requirement.ts';
import type { Store } from './contract.ts';
import { createRedisStore } from './redis.ts';
import { connectRedis, type RedisClient } from './redis-client.ts';
import { clearRedis, isEmptyRedis, rowsOfRedis } from './redis-rows.ts';
import { openSqliteStore } from './sqlite.ts';
import { rowsOfSqlite } from './sqlite-rows.ts';
import { copyRecord, loadRows, type StoredRow } from './stored-rows.ts';

const prefix = 'gatehouse:';

suite('copies of a store', await need('redis-server'), () => {
  const at = Date.now();
  let folder: string;
  let server: PrivateRedis;
  let redis: RedisClient;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-copies-'));
    server = await startRedis();
    redis = connectRedis(server.url, () => undefined);
  });
  after(async () => {
    redis.disconnect();
    await server.close();
    rmSync(folder, { recursive: true });
  });

  const place = () => ({ redis, prefix });
  async function openRedis(): Promise<Store> {
    await redis.flushdb();
    return createRedisStore(connectRedis(server.url, () => undefined));
  }
  const newFolder = () => mkdtempSync(join(folder, 'sqlite-'));
  async function sorted(rows: AsyncIterable<StoredRow>): Promise<string[]> {
    const texts: string[] = [];
    for await (const row of rows) if (row.table !== 'fact') texts.push(JSON.stringify(row, inOrder));
    return texts.sort();
  }
  async function rowsIn(dataDir: string): Promise<string[]> {
    const db = new DatabaseSync(join(dataDir, 'gatehouse.db'));
    try {
      return await sorted(rowsOfSqlite(db));
    } finally {
      db.close();
    }
  }

  test('from SQLite to Redis and back, everything is unchanged', async () => {
    const first = newFolder();
    const source = openSqliteStore(first, { durable: false });
    await fillStore(source, at);
    await source.facts.create('newest', '42');
    const target = await openRedis();
    const db = new DatabaseSync(join(first, 'gatehouse.db'));
    assert.equal(await loadRows(target, rowsOfSqlite(db)), 13);
    db.close();
    assert.equal(await copyRecord(source.record, target.record), 12);
    await assertFilled(target, at);
    assert.equal(await target.facts.read('newest'), '42');
    assert.equal(await isEmptyRedis(place()), false);

    const second = newFolder();
    const back = openSqliteStore(second, { durable: false });
    await loadRows(back, rowsOfRedis(place()));
    await copyRecord(target.record, back.record);
    await assertFilled(back, at);
    await Promise.all([source, target, back].map((store) => store.close()));
    assert.deepEqual(await rowsIn(second), await rowsIn(first));
  });

  test('a record whose beginning was removed is copied with its anchor', async () => {
    const source = openSqliteStore(newFolder(), { durable: false });
    await fillStore(source, at);
    const [seventh] = await source.record.after(6, 1);
    await source.record.prune(7, JSON.stringify({ v: 1, seq: 7, mac: seventh?.mac }));
    const target = await openRedis();
    assert.equal(await copyRecord(source.record, target.record), 5);
    assert.deepEqual(
      [await target.record.anchor(), await target.record.head(), await target.record.after(0, 50)],
      [await source.record.anchor(), await source.record.head(), await source.record.after(0, 50)],
    );
    await Promise.all([source, target].map((store) => store.close()));
  });

  test('clearing removes only what belongs to this deployment', async () => {
    const store = await openRedis();
    await fillStore(store, at);
    await redis.mset('another:key', '1', 'gatehous', '1');
    await clearRedis(place());
    assert.equal(await isEmptyRedis(place()), true);
    assert.deepEqual((await redis.keys('*')).sort(), ['another:key', 'gatehous', 'gatehouse:store']);
    await store.close();
  });
});

function inOrder(_key: string, value: unknown): unknown {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}
