// The shared backend: Redis, for several replicas. Rows expire by themselves; only their indexes are purged.
import { type Redis, ReplyError } from 'ioredis';
import { attempt, type Room, type Store } from './contract.ts';
import { prepareFirst } from './prepare-first.ts';
import { createRedisAliases } from './redis-aliases.ts';
import {
  createRedisClaims,
  createRedisNotes,
  createRedisPeople,
  createRedisVisitors,
} from './redis-choices.ts';
import type { RedisClient } from './redis-client.ts';
import { createRedisClock } from './redis-clock.ts';
import { createRedisCounters } from './redis-counters.ts';
import { createRedisFacts } from './redis-facts.ts';
import { migrateRedis } from './redis-migrate.ts';
import { redisMigrations } from './redis-migrations.ts';
import { createRedisRecord } from './redis-record.ts';
import { createRedisSessions } from './redis-sessions.ts';

export interface RedisStoreOptions {
  /** What every key starts with; default `gatehouse:`. */
  readonly prefix?: string;
  /** This process's clock, which is compared with Redis's clock. */
  readonly now?: () => number;
  /** For the program that fills or moves the store: uses it although it is closed. */
  readonly evenIfClosed?: boolean;
}

/** A store on `redis`; closing the store closes the client. */
export function createRedisStore(redis: RedisClient, options: RedisStoreOptions = {}): Store {
  const { prefix = 'gatehouse:', now = Date.now, evenIfClosed = false } = options;
  // Not prepared first: the layout version and the owner are facts themselves.
  const facts = createRedisFacts(redis, prefix);
  const clock = createRedisClock(redis, now);
  const sessions = createRedisSessions(redis, prefix, clock);
  const plain = {
    sessions,
    visitors: createRedisVisitors(redis, prefix, clock),
    people: createRedisPeople(redis, prefix),
    claims: createRedisClaims(redis, prefix),
    notes: createRedisNotes(redis, prefix, clock),
    counters: createRedisCounters(redis, prefix, clock),
    facts,
    record: createRedisRecord(redis, prefix),
    aliases: createRedisAliases(redis, prefix),
    ping: () =>
      attempt(async () => {
        await redis.get(`${prefix}ping`);
      }),
    async purge(now: number) {
      let total = 0;
      for (let gone = 1; gone > 0; total += gone) gone = await sessions.prune(now);
      return total;
    },
    scrub: () => attempt(() => rewriteFiles(redis)),
    room: () => attempt(() => roomOf(redis)),
    async close() {
      redis.disconnect();
    },
  };
  const { store, again } = prepareFirst(plain, () =>
    attempt(() => migrateRedis({ redis, prefix, steps: redisMigrations, evenIfClosed })),
  );
  redis.on('close', again);
  return { ...store, facts };
}

/** Deleted data stays readable in the append-only file and in a dump until they are rewritten. */
async function rewriteFiles(redis: RedisClient): Promise<boolean> {
  const nodes = 'nodes' in redis ? redis.nodes('master') : [redis];
  const done = await Promise.all(nodes.map(rewriteFilesOf));
  return done.every(Boolean);
}

async function rewriteFilesOf(redis: Redis): Promise<boolean> {
  try {
    const persistence = await redis.info('persistence');
    if (/^aof_enabled:1/m.test(persistence)) await redis.call('BGREWRITEAOF');
    // SCHEDULE: after a rewrite in progress, not instead of it.
    await redis.call('BGSAVE', 'SCHEDULE');
    return true;
  } catch {
    // Not allowed (ACL) or busy: reported, and tried again later.
    return false;
  }
}

/** For a Cluster, the fullest node: it is the first to refuse writes. undefined if INFO is not allowed. */
async function roomOf(redis: RedisClient): Promise<Room | undefined> {
  const nodes = 'nodes' in redis ? redis.nodes('master') : [redis];
  const rooms = await Promise.all(nodes.map(roomOfNode));
  const known = rooms.filter((room) => room !== undefined);
  const filled = ({ usedBytes, mostBytes = Number.POSITIVE_INFINITY }: Room) => usedBytes / mostBytes;
  return known.sort((a, b) => filled(b) - filled(a) || b.usedBytes - a.usedBytes)[0];
}

async function roomOfNode(redis: Redis): Promise<Room | undefined> {
  try {
    const memory = await redis.info('memory');
    const number = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(memory)?.[1] ?? 0);
    const [usedBytes, mostBytes] = [number('used_memory'), number('maxmemory')];
    return usedBytes === 0 ? undefined : { usedBytes, ...(mostBytes > 0 && { mostBytes }) };
  } catch (error) {
    // The ACL does not allow INFO; any other error is an outage.
    if (error instanceof ReplyError) return undefined;
    throw error;
  }
}
