// Daily counters in Redis: one hash per day, changed in one script, expired by Redis itself.
import { attempt, type CounterTable } from './contract.ts';
import type { RedisClient } from './redis-client.ts';
import type { RedisClock } from './redis-clock.ts';

/** ARGV: the expiry, then names and numbers as pairs. */
const add = `
  for i = 2, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
  redis.call('PEXPIREAT', KEYS[1], ARGV[1])
  return 1`;

const raise = `
  local before = tonumber(redis.call('HGET', KEYS[1], ARGV[2]) or '0')
  if tonumber(ARGV[3]) > before then redis.call('HSET', KEYS[1], ARGV[2], ARGV[3]) end
  redis.call('PEXPIREAT', KEYS[1], ARGV[1])
  return 1`;

export function createRedisCounters(redis: RedisClient, prefix: string, clock: RedisClock): CounterTable {
  const keyOf = (day: string) => `${prefix}counter:${day}`;
  return {
    add: (day, counts, expiresAt) =>
      attempt(async () => {
        const pairs = Object.entries(counts).flat();
        if (pairs.length > 0) await redis.eval(add, 1, keyOf(day), await clock.endOf(expiresAt), ...pairs);
      }),
    raise: (day, name, n, expiresAt) =>
      attempt(async () => {
        await redis.eval(raise, 1, keyOf(day), await clock.endOf(expiresAt), name, n);
      }),
    read: (days) =>
      attempt(async () => {
        const hashes = await Promise.all(days.map((day) => redis.hgetall(keyOf(day))));
        return hashes.map((hash) =>
          Object.fromEntries(Object.entries(hash).map(([name, n]) => [name, Number(n)])),
        );
      }),
  };
}
