// Sessions in Redis. connect-redis reads, serialises and names the keys. This adds what it lacks: create only if new,
// compare-and-set, and a tombstone for ended sessions (invariant 3).
import { RedisStore } from 'connect-redis';
import { attempt, merge } from './contract.ts';
import type { SessionEnd, SessionRow, SessionTable } from './contract-sessions.ts';
import type { RedisClient } from './redis-client.ts';
import type { RedisClock } from './redis-clock.ts';
import { createRedisIndexes } from './redis-indexes.ts';
import { readTexts } from './redis-many.ts';
import { evalEnding } from './redis-when-full.ts';

/** Replaces the value only if it is still the one that was read; keeps its TTL. */
const replaceUnchanged = `
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
  return 1`;

class ConditionalRedisStore extends RedisStore {
  readonly #redis: RedisClient;
  readonly #clock: RedisClock;

  constructor(redis: RedisClient, prefix: string, clock: RedisClock) {
    super({ client: redis, prefix });
    this.#redis = redis;
    this.#clock = clock;
  }

  async insert(row: SessionRow): Promise<boolean> {
    const text = this.serializer.stringify(row as never);
    const end = await this.#clock.endOf(row.expiresAt);
    return (await this.#redis.set(this.prefix + row.key, text, 'PXAT', end, 'NX')) === 'OK';
  }

  async read(key: string): Promise<SessionRow | undefined> {
    return ((await this.get(key)) ?? undefined) as SessionRow | undefined;
  }

  /** @returns the row that `read` would give for this value of its key */
  parse(text: string | null | undefined): SessionRow | undefined {
    return text ? (this.serializer.parse(text) as unknown as SessionRow) : undefined;
  }

  /** The rows under `keys`, in their order; undefined for those that do not exist. */
  async readMany(keys: readonly string[]): Promise<(SessionRow | undefined)[]> {
    const texts = await readTexts(
      this.#redis,
      keys.map((key) => this.prefix + key),
    );
    return texts.map((text) => this.parse(text));
  }

  /**
   * Changes a live row once; reads it again if another request was faster.
   * @param run how to run the script: a revocation must also succeed when Redis is full
   * @returns the row before the change, or undefined if nothing changed: there is no live row, or `edit` returned undefined.
   */
  async change(
    key: string,
    edit: (row: SessionRow) => SessionRow | undefined,
    run: (script: string, key: string, before: string, after: string) => Promise<unknown> = (
      script,
      ...rest
    ) => this.#redis.eval(script, 1, ...rest),
  ): Promise<SessionRow | undefined> {
    for (;;) {
      const before = await this.#redis.get(this.prefix + key);
      if (before === null) return undefined;
      const row = this.serializer.parse(before) as unknown as SessionRow;
      if (row.ended) return undefined;
      const edited = edit(row);
      if (!edited) return undefined;
      const after = this.serializer.stringify(edited as never);
      if ((await run(replaceUnchanged, this.prefix + key, before, after)) === 1) return row;
    }
  }

  /** Clears `data`: nobody needs the data of an ended session, and nobody should find it. */
  end(key: string, ended: SessionEnd): Promise<SessionRow | undefined> {
    const run = (script: string, ...[name, before, after]: readonly [string, string, string]) =>
      evalEnding(this.#redis, script, [name], before, after);
    return this.change(key, (live) => ({ ...live, data: {}, ended }), run);
  }
}

/** Keys are `prefix` + `session:` + the row's key; the indexes have other names. */
export function createRedisSessions(
  redis: RedisClient,
  prefix: string,
  clock: RedisClock,
): SessionTable & { prune(now: number): Promise<number> } {
  const store = new ConditionalRedisStore(redis, `${prefix}session:`, clock);
  const indexes = createRedisIndexes(redis, prefix, (keys) => store.readMany(keys), clock);
  const rowsOf = async (personId: string) => {
    const rows = await store.readMany(await indexes.keysOf(personId));
    return rows.filter((row) => row !== undefined).sort((a, b) => b.createdAt - a.createdAt);
  };
  return {
    create: (row) =>
      attempt(async () => {
        // Indexed before the row is written: an index entry without a row is dropped when found, but a row without an entry is never found.
        await indexes.add(row);
        return store.insert(row);
      }),
    read: (key) => attempt(() => store.read(key)),
    readMany: (keys, noteNames) =>
      attempt(async () => {
        const names = [
          ...keys.map((key) => `${prefix}session:${key}`),
          ...noteNames.map((name) => `${prefix}note:${name}`),
        ];
        const texts = await readTexts(redis, names);
        return {
          rows: keys.map((_, i) => store.parse(texts[i])),
          notes: noteNames.map((_, i) => {
            const text = texts[keys.length + i];
            return text == null ? undefined : (JSON.parse(text) as unknown);
          }),
        };
      }),
    update: (key, patch) =>
      attempt(
        async () =>
          (await store.change(key, (row) => ({ ...row, data: merge(row.data, patch) }))) !== undefined,
      ),
    touch: (key, seenAt) =>
      attempt(async () => {
        const row = await store.change(key, (live) => ({
          ...live,
          lastSeenAt: Math.max(live.lastSeenAt, seenAt),
        }));
        if (row && seenAt > row.lastSeenAt) await indexes.seen(row, seenAt);
        return row !== undefined;
      }),
    rotate: (key, { fromHash, toHash, salt, at }) =>
      attempt(async () => {
        const previous = { idHash: fromHash, salt };
        const row = await store.change(key, (live) =>
          live.idHash === fromHash ? { ...live, idHash: toHash, idIssuedAt: at, previous } : undefined,
        );
        return row !== undefined;
      }),
    successorSeen: (key, idHash, at) =>
      attempt(async () => {
        await store.change(key, (live) => {
          if (live.idHash !== idHash || !live.previous || live.previous.successorSeenAt !== undefined)
            return undefined;
          return { ...live, previous: { ...live.previous, successorSeenAt: at } };
        });
      }),
    end: (key, ended) =>
      attempt(async () => {
        const row = await store.end(key, ended);
        if (row) await indexes.remove(row);
        return row !== undefined;
      }),
    findByHandle: (handle) => attempt(() => indexes.findByHandle(handle)),
    ofPerson: (personId, now) => attempt(() => indexes.ofPerson(personId, now)),
    page: (query) => indexes.page(query),
    countLive: (now) => attempt(() => indexes.countLive(now)),
    rowsOf: (personId) => attempt(() => rowsOf(personId)),
    forgetPerson: (personId) =>
      attempt(async () => {
        const rows = await rowsOf(personId);
        await Promise.all(rows.map(({ key }) => redis.del(`${prefix}session:${key}`)));
        await indexes.forget(personId, rows);
      }),
    prune: (now) => attempt(() => indexes.prune(now)),
  };
}
