// What backup, restore and move-store share: who is using the store right now, and who owns it.
import { resolve } from 'node:path';
import { createLogger } from '../http/log.ts';
import { createReplicas } from '../keys/replicas.ts';
import { ownerFact } from '../store/owner.ts';
import { createRedisStore } from '../store/redis.ts';
import type { RedisPlace } from '../store/redis-migrate.ts';
import { readSqliteFact } from '../store/sqlite-facts.ts';

export const envFile = '.env';
export const lockWaitMs = 1_000;
export const logger = createLogger('silent', process.stderr);

export function inUse(dataDir: string): string {
  return `${resolve(dataDir)} is in use: a Gatehouse server or another command is running. Stop it first; nothing was changed`;
}

/** Servers on other machines register in the store that they share. */
export async function whoUsesRedis({ redis, prefix }: RedisPlace): Promise<string | undefined> {
  const { facts } = createRedisStore(redis, { prefix, evenIfClosed: true });
  const others = await createReplicas({ facts, now: Date.now }).others();
  return others.length === 0
    ? undefined
    : 'a server is using the Redis of this deployment. Stop it; if it crashed, wait for a minute';
}

/** The owner that a store names. */
export async function markIn(store: RedisPlace | string): Promise<string | undefined> {
  if (typeof store === 'string') return readSqliteFact(store, ownerFact);
  const { redis, prefix } = store;
  return createRedisStore(redis, { prefix, evenIfClosed: true }).facts.read(ownerFact);
}
