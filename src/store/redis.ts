// The shared backend: Redis, for several replicas. Rows expire by themselves; only the indexes over them are purged.
import { attempt, type Store } from './contract.ts';
import {
  createRedisClaims,
  createRedisNotes,
  createRedisPeople,
  createRedisVisitors,
} from './redis-choices.ts';
import type { RedisClient } from './redis-client.ts';
import { createRedisSessions } from './redis-sessions.ts';

const prefix = 'gatehouse:';

/** A store over `redis`, which it closes with itself. */
export function createRedisStore(redis: RedisClient): Store {
  const sessions = createRedisSessions(redis, prefix);
  return {
    sessions,
    visitors: createRedisVisitors(redis, prefix),
    people: createRedisPeople(redis, prefix),
    claims: createRedisClaims(redis, prefix),
    notes: createRedisNotes(redis, prefix),
    ping: () =>
      attempt(async () => {
        await redis.get(`${prefix}ping`);
      }),
    async purge(now) {
      let total = 0;
      for (let gone = 1; gone > 0; total += gone) gone = await sessions.prune(now);
      return total;
    },
    async close() {
      redis.disconnect();
    },
  };
}
