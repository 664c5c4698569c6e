// Runs scripts that only end or delete something even when Redis is full: a sign-out must not fail for lack of memory.
import type { RedisClient } from './redis-client.ts';

/** https://redis.io/docs/latest/develop/programmability/lua-api/#script_flags; Redis 7, the oldest that the store runs on, and every Valkey. */
const flags = '#!lua flags=allow-oom\n';

/** As `redis.eval`. Only for scripts that end or delete: what they add must be small, and must not outlive for long what they ended. */
export function evalEnding(
  redis: RedisClient,
  script: string,
  keys: readonly string[],
  ...values: readonly (string | number)[]
): Promise<unknown> {
  return redis.eval(flags + script, keys.length, ...keys, ...values);
}
