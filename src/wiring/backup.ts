// What the commands of backup, restore and moving share: the Redis of the settings, who uses it, and a question at the terminal.
import { resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { createLogger } from '../http/log.ts';
import { createReplicas } from '../keys/replicas.ts';
import { ownerFact } from '../store/owner.ts';
import { createRedisStore } from '../store/redis.ts';
import type { RedisPlace } from '../store/redis-migrate.ts';
import { readSqliteFact } from '../store/sqlite-facts.ts';

export const envFile = '.env';
export const lockWaitMs = 1_000;
export const logger = createLogger('silent', process.stderr);
export const err = (line: string) => void process.stderr.write(`${line}\n`);

export function inUse(dataDir: string): string {
  return `${resolve(dataDir)} is in use: a server or another command of Gatehouse is running. Stop it first; nothing was changed`;
}

/** Servers on other machines tell of themselves in the store that they share. */
export async function whoUsesRedis({ redis, prefix }: RedisPlace): Promise<string | undefined> {
  const { facts } = createRedisStore(redis, { prefix, evenIfClosed: true });
  const others = await createReplicas({ facts, now: Date.now }).others();
  return others.length === 0
    ? undefined
    : 'a server uses the Redis of this deployment. Stop it; one that crashed counts as gone after a minute';
}

/** Asks for a word that can be seen; undefined where there is no terminal. */
export async function askWord(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await reader.question(question);
  } finally {
    reader.close();
  }
}

/** Whose a store is, as it says of itself. */
export async function markIn(store: RedisPlace | string): Promise<string | undefined> {
  if (typeof store === 'string') return readSqliteFact(store, ownerFact);
  const { redis, prefix } = store;
  return createRedisStore(redis, { prefix, evenIfClosed: true }).facts.read(ownerFact);
}
