// Facts about the store in Redis: one hash, so one Cluster slot. It never expires.
import { attempt, type FactTable } from './contract.ts';
import type { RedisClient } from './redis-client.ts';

const create = `
  redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])
  return redis.call('HGET', KEYS[1], ARGV[1])`;

const replace = `
  if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
  return 1`;

export function createRedisFacts(redis: RedisClient, prefix: string): FactTable {
  const key = `${prefix}store`;
  return {
    read: (name) => attempt(async () => (await redis.hget(key, name)) ?? undefined),
    create: (name, value) => attempt(async () => String(await redis.eval(create, 1, key, name, value))),
    replace: (name, expected, value) =>
      attempt(async () => (await redis.eval(replace, 1, key, name, expected, value)) === 1),
  };
}
