// Whether the keys in Redis are in use, as they say of themselves: those that are being filled, or were moved, are not used.
import type { Closing } from './migrations.ts';
import type { RedisPlace } from './redis-migrate.ts';

/** @param closing undefined: they are in use (again) */
export async function setRedisClosing(
  { redis, prefix }: RedisPlace,
  closing: Closing | undefined,
): Promise<void> {
  if (closing === undefined) await redis.hdel(`${prefix}store`, 'closed');
  else await redis.hset(`${prefix}store`, 'closed', closing);
}

/** @returns why they are not in use; undefined: they are */
export async function redisClosingOf({ redis, prefix }: RedisPlace): Promise<string | undefined> {
  return (await redis.hget(`${prefix}store`, 'closed')) ?? undefined;
}
