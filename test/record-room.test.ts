// How much room the record takes in Redis, and that entries of both layouts form one record.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, suite, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { recordKeys } from '../src/audit/chain.ts';
import { verifyRecord } from '../src/audit/verify.ts';
import { createRedisStore } from '../src/store/redis.ts';
import { connectRedis, type RedisClient } from '../src/store/redis-client.ts';
import { packEntry, unpackEntry } from '../src/store/redis-entry.ts';
import { key, recorderOver } from './support/record.ts';
import { type PrivateRedis, startRedis } from './support/redis.ts';
import { need } from './support/requirement.ts';

const seal = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'));

test('an entry is read as it was stored, whatever its text and its seals', () => {
  const any = fc.record({
    text: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.tuple(fc.json(), fc.nat()).map(([json, seq]) => `{"at":${json},"seq":${seq},"v":1,"x":${json}}`),
      fc.constantFrom(
        '{"seq":1,"seq":,',
        '"seq":0,',
        '"seq":,"seq":7,',
        '"seq":01,',
        '"seq":99999999999999,',
      ),
    ),
    prev: fc.oneof(seal, fc.string()),
    mac: fc.oneof(seal, fc.string()),
  });
  fc.assert(
    fc.property(any, (row) => {
      const fields = packEntry(row).map((part) => Buffer.from(part));
      assert.deepEqual(unpackEntry(fields), { ...row });
    }),
    { numRuns: 40 },
  );
});

test('an entry that was changed is not read, and nothing throws', () => {
  const row = { text: '{"seq":7,"v":1}', prev: 'A'.repeat(43), mac: 'A'.repeat(43) };
  const [, value] = packEntry(row).map((part) => Buffer.from(part));
  assert.ok(value);
  for (let at = 0; at < value.length; at++) {
    const changed = Buffer.from(value);
    changed[at] = (changed[at] ?? 0) ^ 0xff;
    assert.notDeepEqual(unpackEntry([Buffer.from('e'), changed]), row);
    assert.notDeepEqual(unpackEntry([Buffer.from('e'), value.subarray(0, at)]), row);
  }
  assert.equal(unpackEntry([]).text, '');
});

suite('the record in Redis', await need('redis-server'), () => {
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
  /** A recorder on a store of its own; both are closed after the test, however it ends. */
  function open(t: TestContext) {
    const store = createRedisStore(connectRedis(server.url, () => undefined));
    const recorder = recorderOver(store);
    t.after(async () => {
      await recorder.close();
      await store.close();
    });
    return { store, recorder };
  }
  /** A hundred at a time, as many as one append accepts. */
  const together = (from: number, write: (n: number) => Promise<void>) =>
    Promise.all(Array.from({ length: 100 }, (_, n) => write(from + n)));
  const used = async () => Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);

  test('an ordinary entry takes less than 280 bytes of Redis', async (t) => {
    await redis.flushall();
    const { recorder } = open(t);
    const write = (n: number) =>
      recorder.write({
        event: 'session.rotated',
        person: { id: `p${n % 20}`, email: `p${n % 20}@example.org` },
        session: `handle-${n % 100}`,
        network: `203.0.${n % 20}.9`,
        requestId: randomUUID(),
      });
    // Pseudonyms and the first entry of each session take additional room.
    for (let n = 0; n < 500; n += 100) await together(n, write);
    const before = await used();
    for (let n = 0; n < 1_500; n += 100) await together(n, write);
    const bytes = ((await used()) - before) / 1_500;
    assert.ok(bytes > 100 && bytes < 280, `${bytes} bytes`);
  });

  test('entries of both layouts form one record: read, found and removed together', async (t) => {
    await redis.flushall();
    const { store, recorder } = open(t);
    for (let n = 0; n < 6; n++) await recorder.write({ event: 'access.added', session: `s${n % 2}` });
    await recorder.flush();
    // In the previous version's layout: plain fields, and sorted sets as indexes.
    const rows = await store.record.after(0, 4);
    const name = 'gatehouse:{record}:entries';
    const all = await redis.xrangeBuffer(name, '-', '+');
    await redis.del(name);
    for (const { seq, text, prev, mac } of rows) {
      await redis.xadd(name, `${seq}-0`, 't', text, 'p', prev, 'm', mac);
      const { session } = JSON.parse(text) as { session: string };
      for (const index of [`session:${session}`, 'event:access.added']) {
        await redis.zadd(`gatehouse:{record}:${index}`, seq, seq);
        await redis.lpop(`gatehouse:{record}:n:${index}`);
      }
    }
    for (const [id, fields] of all.slice(4)) await redis.xadd(name, id.toString(), ...fields);

    const numbers = async (limit: number, before = Number.POSITIVE_INFINITY) =>
      (await store.record.before(before, limit, ['event', 'access.added'])).map(({ seq }) => seq);
    assert.deepEqual(await numbers(10), [6, 5, 4, 3, 2, 1]);
    assert.deepEqual(await numbers(3), [6, 5, 4]);
    assert.deepEqual(await numbers(3, 5), [4, 3, 2]);
    assert.deepEqual(
      (await store.record.before(6, 10, ['session', 's1'])).map(({ seq }) => seq),
      [4, 2],
    );
    const keys = recordKeys([key]);
    assert.equal((await verifyRecord({ record: store.record, keys })).state, 'intact');
    assert.equal(await store.record.prune(5, JSON.stringify({ seq: 5 })), 5);
    assert.deepEqual(await numbers(10), [6]);
    assert.equal(await redis.exists('gatehouse:{record}:session:s0', 'gatehouse:{record}:n:session:s0'), 0);
  });

  test('Redis reports how much it uses and may use, or nothing if INFO is not allowed', async (t) => {
    const { store } = open(t);
    assert.deepEqual(Object.keys((await store.room()) ?? {}), ['usedBytes']);
    await redis.config('SET', 'maxmemory', '100mb');
    assert.equal((await store.room())?.mostBytes, 100 * 1024 * 1024);
    await redis.config('SET', 'maxmemory', '0');
    await redis.call('ACL', 'SETUSER', 'app', 'on', '>word', '~*', '+@all', '-info');
    const url = server.url.replace(/\/\/[^@]*@/, '//app:word@');
    const limited = createRedisStore(connectRedis(url, () => undefined));
    t.after(() => limited.close());
    assert.equal(await limited.room(), undefined);
  });

  test('an index stays correct after the record was restored to an earlier state', async (t) => {
    await redis.flushall();
    const { store, recorder } = open(t);
    for (let n = 0; n < 5; n++) await recorder.write({ event: 'access.added' });
    const head = (await redis.get('gatehouse:{record}:head')) ?? '';
    // Somebody deletes the entries but leaves the index.
    await redis.del('gatehouse:{record}:entries', 'gatehouse:{record}:head');
    assert.ok(head);
    const { recorder: other } = open(t);
    for (let n = 0; n < 2; n++) await other.write({ event: 'access.added' });
    assert.deepEqual(
      (await store.record.before(Number.POSITIVE_INFINITY, 10, ['event', 'access.added'])).map(
        ({ seq }) => seq,
      ),
      [2, 1],
    );
  });
});
