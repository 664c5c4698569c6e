// Sessions in Redis. connect-redis reads, serialises and names the keys; added is what it lacks:
// create only if new, change only what is unchanged since it was read, and a mark where a session ended (invariant 3).
import { RedisStore } from 'connect-redis';
import { attempt, merge, type SessionRow, type SessionTable } from './contract.ts';
import type { RedisClient } from './redis-client.ts';

/** Replaces the value only if it is still the one that was read; keeps the time to live. */
const replaceUnchanged = `
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
  return 1`;

class ConditionalRedisStore extends RedisStore {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient, prefix: string) {
    super({ client: redis, prefix });
    this.#redis = redis;
  }

  async insert(row: SessionRow): Promise<boolean> {
    const text = this.serializer.stringify(row as never);
    return (await this.#redis.set(this.prefix + row.idHash, text, 'PXAT', row.expiresAt, 'NX')) === 'OK';
  }

  /** Changes a live row, once: reads again when another request was faster. */
  async change(idHash: string, edit: (row: SessionRow) => SessionRow): Promise<boolean> {
    const key = this.prefix + idHash;
    for (;;) {
      const before = await this.#redis.get(key);
      if (before === null) return false;
      const row = this.serializer.parse(before) as unknown as SessionRow;
      if (row.ended) return false;
      const after = this.serializer.stringify(edit(row) as never);
      if ((await this.#redis.eval(replaceUnchanged, 1, key, before, after)) === 1) return true;
    }
  }
}

/** Keys are `prefix` + `session:` + the id's digest. */
export function createRedisSessions(redis: RedisClient, prefix: string): SessionTable {
  const store = new ConditionalRedisStore(redis, `${prefix}session:`);
  return {
    create: (row) => attempt(() => store.insert(row)),
    read: (idHash) => attempt(async () => ((await store.get(idHash)) ?? undefined) as SessionRow | undefined),
    update: (idHash, patch) =>
      attempt(() => store.change(idHash, (row) => ({ ...row, data: merge(row.data, patch) }))),
    touch: (idHash, lastSeenAt) =>
      attempt(() =>
        store.change(idHash, (row) => ({ ...row, lastSeenAt: Math.max(row.lastSeenAt, lastSeenAt) })),
      ),
    // The data of an ended session is of no use to anybody, and nobody should find it.
    end: (idHash, ended) => attempt(() => store.change(idHash, (row) => ({ ...row, data: {}, ended }))),
  };
}
