// Reads many keys at once: by one MGET, or on a Cluster, whose keys are on different nodes, by one GET each in the same pipeline.
import { isCluster, type RedisClient } from './redis-client.ts';

/** Clients whose user lacks the right to MGET, as with the rules of an earlier version: GET does the same, less cheaply. */
const withoutMget = new WeakSet<RedisClient>();

/** The texts under `keys`, in that order; null where there is none. */
export function readTexts(redis: RedisClient, keys: readonly string[]): Promise<(string | null)[]> {
  return readMany(
    redis,
    keys,
    () => redis.mget([...keys]),
    (key) => redis.get(key),
  );
}

/** The same as bytes. */
export function readBuffers(redis: RedisClient, keys: readonly string[]): Promise<(Buffer | null)[]> {
  return readMany(
    redis,
    keys,
    () => redis.mgetBuffer([...keys]),
    (key) => redis.getBuffer(key),
  );
}

async function readMany<T>(
  redis: RedisClient,
  keys: readonly string[],
  mget: () => Promise<(T | null)[]>,
  get: (key: string) => Promise<T | null>,
): Promise<(T | null)[]> {
  if (keys.length === 0) return [];
  if (keys.length > 1 && !isCluster(redis) && !withoutMget.has(redis)) {
    try {
      return await mget();
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOPERM')) throw error;
      withoutMget.add(redis);
    }
  }
  return Promise.all(keys.map(get));
}
