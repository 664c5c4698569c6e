// `gatehouse move-store`: from SQLite to Redis and back with all data, and never both in use.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { moveToRedis, outlook } from '../src/backup/move.ts';
import { auditKeyOf } from '../src/crypto/kdf.ts';
import type { Store } from '../src/store/contract.ts';
import { createRedisStore } from '../src/store/redis.ts';
import { connectRedis, type RedisClient } from '../src/store/redis-client.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { assertFilled } from './support/filled-store.ts';
import { type KeptPlace, makePlace } from './support/kept-place.ts';
import { type PrivateRedis, startRedis } from './support/redis.ts';
import { need } from './support/requirement.ts';

suite('moving a store', await need('redis-server'), () => {
  const at = Date.now();
  const secretKey = randomBytes(32).toString('hex');
  const key = auditKeyOf(secretKey);
  let root: string;
  let server: PrivateRedis;
  let redis: RedisClient;
  let place: KeptPlace;
  let entries: number;
  const inRedis = () => ({ SESSION_BACKEND: 'redis', REDIS_URL: server.url, GATE_SESSION_STORE: 'cookie' });
  const inFile = () => ({ REDIS_URL: server.url });
  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'gatehouse-move-'));
    server = await startRedis();
    redis = connectRedis(server.url, () => undefined);
    place = makePlace({ root, secretKey });
    await place.fill('old', at);
    entries = await place.lastEntry();
  });
  after(async () => {
    redis.disconnect();
    await Promise.all(opened.map((store) => store.close()));
    await server.close();
    rmSync(root, { recursive: true });
  });

  const opened: Store[] = [];
  function openRedis(): Store {
    const store = createRedisStore(connectRedis(server.url, () => undefined));
    opened.push(store);
    return store;
  }

  test('to Redis and back: everything is moved, nobody is signed out, and the old store is closed', async () => {
    const there = await place.gatehouse(['move-store', 'redis'], { env: inFile() });
    assert.equal(there.code, 0, there.err);
    assert.match(there.err, /Moved to Redis, with \d+ entries of the record\. Nobody was signed out/);
    await assertFilled(openRedis(), at, key, entries + 1);
    const former = await place.gatehouse(['sessions', 'list'], { env: inFile() });
    assert.equal(former.code, 1);
    assert.match(
      former.err,
      /gatehouse\.db was moved to the other kind of store.*Set SESSION_BACKEND to that one/,
    );
    const again = await place.gatehouse(['move-store', 'redis', '--replace', '--yes'], { env: inFile() });
    assert.equal(again.code, 2);
    assert.match(again.err, /it has already been moved; set SESSION_BACKEND=redis/);

    const back = await place.gatehouse(['move-store', 'filesystem'], { env: inRedis() });
    assert.equal(back.code, 0, back.err);
    await place.withStore((file) => assertFilled(file, at, key, entries + 2));
    const closed = await place.gatehouse(['sessions', 'list'], { env: inRedis() });
    assert.equal(closed.code, 1);
    assert.match(closed.err, /REDIS_URL was moved to the other kind of store/);
  });

  test('an existing store is not replaced without a request, and a server that uses that Redis blocks the move', async () => {
    await redis.flushdb();
    const other = openRedis();
    await other.notes.write('theirs', 1, at + 1e9);
    const refused = await place.gatehouse(['move-store', 'redis'], { env: inFile() });
    assert.equal(refused.code, 2);
    assert.match(refused.err, /there are already sessions in Redis; --replace/);
    await other.facts.create('keys:replicas', JSON.stringify({ x: { at: Date.now(), accepts: [] } }));
    const served = await place.gatehouse(['move-store', 'redis', '--replace', '--yes'], { env: inFile() });
    assert.equal(served.code, 2);
    assert.match(served.err, /a server is using the Redis of this deployment\. Stop it/);
    assert.equal(await other.notes.read('theirs', 0), 1);
  });

  test('interrupted at any step, neither store is used by mistake, and the move can be repeated', async () => {
    await redis.flushdb();
    const { dataDir } = place;
    const target = { dataDir, redis: { redis, prefix: 'gatehouse:' }, keys: [key] };
    await redis.hset('gatehouse:store', 'closed', 'filling');
    await redis.set('gatehouse:note:half', '1');
    const half = openRedis();
    await assert.rejects(half.notes.read('half', 0), /REDIS_URL is being filled/);
    assert.equal(await outlook(target, 'redis'), 'free');
    // Between the last two steps: the file is closed, and Redis is not open yet.
    await moveToRedis(target);
    await redis.hset('gatehouse:store', 'closed', 'filling');
    assert.throws(() => openSqliteStore(dataDir), /was moved to the other kind of store/);
    assert.equal(await outlook(target, 'redis'), 'free');
    const copied = await moveToRedis(target);
    await assertFilled(half, at, key, copied);
    assert.equal(await half.notes.read('half', 0), undefined);
    assert.equal(await outlook(target, 'redis'), 'moved away');
  });
});
