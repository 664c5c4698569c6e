// The shared backend: Redis, for several replicas. Rows expire by themselves; only the indexes over them are purged.
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
  /** What every key begins with; `gatehouse:` where absent. */
  readonly prefix?: string;
  /** This process' clock, which is compared with that of Redis. */
  readonly now?: () => number;
  /** For whoever fills or moves the store: it is used although it is closed. */
  readonly evenIfClosed?: boolean;
}

/** A store over `redis`, which it closes with itself. */
export function createRedisStore(redis: RedisClient, options: RedisStoreOptions = {}): Store {
  const { prefix = 'gatehouse:', now = Date.now, evenIfClosed = false } = options;
  // Not prepared: the version of the layout is a fact itself, and so is whose store it is.
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

/** What was deleted stays readable in the append-only file and in a dump until they are written anew. */
async function rewriteFiles(redis: RedisClient): Promise<boolean> {
  const nodes = 'nodes' in redis ? redis.nodes('master') : [redis];
  const done = await Promise.all(nodes.map(rewriteFilesOf));
  return done.every(Boolean);
}

async function rewriteFilesOf(redis: Redis): Promise<boolean> {
  try {
    const persistence = await redis.info('persistence');
    if (/^aof_enabled:1/m.test(persistence)) await redis.call('BGREWRITEAOF');
    // SCHEDULE: after a rewrite that is under way, not instead of it.
    await redis.call('BGSAVE', 'SCHEDULE');
    return true;
  } catch {
    // Not allowed to (an ACL), or busy: said, and asked again.
    return false;
  }
}

/** Of a Cluster the node that is fullest: it is the first to refuse. undefined where INFO is not allowed. */
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
    // An ACL that allows no INFO; an outage is an outage.
    if (error instanceof ReplyError) return undefined;
    throw error;
  }
}
