// The shared backend: Redis, for several replicas. Expiry is Redis's own, so there is nothing to purge.
import { attempt, type Store } from './contract.ts';
import { createRedisClaims, createRedisPeople, createRedisVisitors } from './redis-choices.ts';
import type { RedisClient } from './redis-client.ts';
import { createRedisSessions } from './redis-sessions.ts';

const prefix = 'gatehouse:';

/** A store over `redis`, which it closes with itself. */
export function createRedisStore(redis: RedisClient): Store {
  return {
    sessions: createRedisSessions(redis, prefix),
    visitors: createRedisVisitors(redis, prefix),
    people: createRedisPeople(redis, prefix),
    claims: createRedisClaims(redis, prefix),
    ping: () =>
      attempt(async () => {
        await redis.get(`${prefix}ping`);
      }),
    purge: async () => 0,
    async close() {
      redis.disconnect();
    },
  };
}
