// Whether the deployment's keys in Redis may be used, as stored with them: not while they are being filled, nor after they were moved.
import type { Closing } from './migrations.ts';
import type { RedisPlace } from './redis-migrate.ts';

/** @param closing undefined: they may be used (again) */
export async function setRedisClosing(
  { redis, prefix }: RedisPlace,
  closing: Closing | undefined,
): Promise<void> {
  if (closing === undefined) await redis.hdel(`${prefix}store`, 'closed');
  else await redis.hset(`${prefix}store`, 'closed', closing);
}

/** @returns why they must not be used; undefined if they may */
export async function redisClosingOf({ redis, prefix }: RedisPlace): Promise<string | undefined> {
  return (await redis.hget(`${prefix}store`, 'closed')) ?? undefined;
}
