// Runs the scripts that only end or delete something also on a Redis that is full: signing somebody out must not fail for want of memory.
import type { RedisClient } from './redis-client.ts';

/** https://redis.io/docs/latest/develop/programmability/lua-api/#script_flags; Redis 7, the oldest that the store runs on, and every Valkey. */
const flags = '#!lua flags=allow-oom\n';

/** As `redis.eval`. Only for scripts that end or delete: what they add must be small and must not outlive what they ended for long. */
export function evalEnding(
  redis: RedisClient,
  script: string,
  keys: readonly string[],
  ...values: readonly (string | number)[]
): Promise<unknown> {
  return redis.eval(flags + script, keys.length, ...keys, ...values);
}
