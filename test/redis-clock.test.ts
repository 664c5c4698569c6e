// A process whose clock is wrong writes to a Redis whose clock is right: what it wrote is kept as long as it should be.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { SessionRow } from '../src/store/contract-sessions.ts';
import { createRedisStore } from '../src/store/redis.ts';
import { connectRedis } from '../src/store/redis-client.ts';
import { startRedis } from './support/redis.ts';
import { need } from './support/requirement.ts';

const [hour, day] = [3_600_000, 86_400_000];

suite('a clock that differs from that of Redis', await need('redis-server'), () => {
  test('sessions, notes, visitors and counters expire at the right time', async (t) => {
    const redis = await startRedis();
    t.after(() => redis.close());
    for (const ahead of [-500 * day, -hour, 0, hour, 500 * day]) {
      const client = connectRedis(redis.url, () => undefined);
      const now = () => Date.now() + ahead;
      const store = createRedisStore(client, { now });
      const key = `k${ahead}`;
      const row: SessionRow = {
        key,
        handle: `handle${ahead}`,
        personId: 'ann',
        email: 'ann@example.org',
        createdAt: now(),
        lastSeenAt: now(),
        expiresAt: now() + hour,
        idHash: 'h',
        idIssuedAt: now(),
        data: {},
      };
      assert.ok(await store.sessions.create(row));
      await store.notes.write(key, true, now() + hour, 'ann');
      await store.visitors.retire(key, now(), now() + hour);
      await store.counters.add(key, { a: 1 }, now() + hour);
      assert.equal(await store.notes.read(key, now()), true, `${ahead}`);
      assert.equal((await store.sessions.findByHandle(row.handle))?.key, key);
      assert.ok((await store.sessions.rowsOf('ann')).some((one) => one.key === key));
      for (const name of ['session', 'note', 'visitor', 'counter']) {
        const left = await client.pttl(`gatehouse:${name}:${key}`);
        assert.ok(
          Math.abs(left - hour) < 60_000,
          `${name}: ${left} ms with a clock that is ${ahead} ms ahead`,
        );
      }
      await store.close();
    }
  });
});
