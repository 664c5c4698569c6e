// Runs the scripts that only end or delete something also on a Redis that is full: signing somebody out must not fail for want of memory.
import type { RedisClient } from './redis-client.ts';

/** https://redis.io/docs/latest/develop/programmability/lua-api/#script_flags; Redis 7 and newer, and every Valkey. */
const flags = '#!lua flags=allow-oom\n';

/**
 * Before Redis 7 there are no flags, but a script that has already written something may go on (`lua_write_dirty` in its
 * scripting.c). This writes what is there already: the time to live of the first key.
 */
const writesFirst = `
  local ttl = redis.call('PTTL', KEYS[1])
  if ttl > 0 then redis.call('PEXPIRE', KEYS[1], ttl)
  elseif ttl == -1 then redis.call('PERSIST', KEYS[1])
  elseif ttl == -2 then redis.call('DEL', KEYS[1]) end`;

const withoutFlags = new WeakSet<RedisClient>();

/** As `redis.eval`. Only for scripts that end or delete: what they add must be small and must not outlive what they ended for long. */
export async function evalEnding(
  redis: RedisClient,
  script: string,
  keys: readonly string[],
  ...values: readonly (string | number)[]
): Promise<unknown> {
  if (!withoutFlags.has(redis)) {
    try {
      return await redis.eval(flags + script, keys.length, ...keys, ...values);
    } catch (error) {
      if (!isUnknownFlag(error)) throw error;
      withoutFlags.add(redis);
    }
  }
  return redis.eval(writesFirst + script, keys.length, ...keys, ...values);
}

function isUnknownFlag(error: unknown): boolean {
  return error instanceof Error && error.message.includes("unexpected symbol near '#'");
}
