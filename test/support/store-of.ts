// Opens the store of a running program alongside it.
import type { Store } from '../../src/store/contract.ts';
import { createRedisStore } from '../../src/store/redis.ts';
import { connectRedis } from '../../src/store/redis-client.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';

/** @param url of its Redis; undefined: its store is a file in `dataDir` */
export function openStoreOf(url: string | undefined, dataDir: string): Store {
  return url === undefined ? openSqliteStore(dataDir) : createRedisStore(connectRedis(url, () => undefined));
}
