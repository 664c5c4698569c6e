// Migrates the keys in Redis to the program's layout, one process at a time. Redis cannot roll back, so each step can be run again from
// wherever a killed run stopped; the version is written after the step.
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { StoreUnavailable } from './contract.ts';
import { ClosedStore, type Migration, missingSteps } from './migrations.ts';
import type { RedisClient } from './redis-client.ts';

/** Where a step works: every key of this deployment starts with `prefix`. */
export interface RedisPlace {
  readonly redis: RedisClient;
  readonly prefix: string;
}

/** Must be idempotent, also when it is resumed halfway. */
export type RedisMigration = Migration<RedisPlace, Promise<void>>;

export interface RedisMigrateOptions extends RedisPlace {
  readonly steps: readonly RedisMigration[];
  /** For the program that fills or moves the store: uses it although it is closed. */
  readonly evenIfClosed?: boolean;
  /** How long to wait for another process that is migrating, in milliseconds. */
  readonly waitMs?: number;
}

/** The layout of 0.1.0, which stored no version. */
const firstRedisVersion = 1;

const place = 'The store at REDIS_URL';
const lockMs = 30_000;
const askAgainMs = 100;
/** KEYS: the lock. ARGV: its holder, and how much longer to hold it. */
const keepLock = `
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return 1`;

/** @throws NewerStore and ClosedStore before anything is changed; StoreUnavailable if another process does not finish */
export async function migrateRedis(options: RedisMigrateOptions): Promise<void> {
  const { redis, prefix, steps, evenIfClosed = false, waitMs = 60_000 } = options;
  const facts = `${prefix}store`;
  const known = steps.at(-1)?.version ?? firstRedisVersion;
  const versionNow = async () => Number((await redis.hget(facts, 'schema')) ?? firstRedisVersion);
  const missing = async () =>
    missingSteps([{ version: firstRedisVersion, run: undefined }, ...steps], await versionNow(), place);
  const closing = evenIfClosed ? null : await redis.hget(facts, 'closed');
  if (closing !== null) throw new ClosedStore(place, closing);
  if ((await missing()).length === 0) {
    // A new store, or one from before versions were stored.
    await redis.hsetnx(facts, 'schema', known);
    return;
  }
  const lock = `${prefix}store:migrating`;
  const token = randomBytes(9).toString('base64url');
  const until = performance.now() + waitMs;
  while ((await redis.set(lock, token, 'PX', lockMs, 'NX')) !== 'OK') {
    if (performance.now() > until)
      throw new StoreUnavailable(new Error('another process is still bringing the store up to date'));
    await delay(askAgainMs);
    if ((await missing()).length === 0) return;
  }
  const renewal = setInterval(
    () => void redis.eval(keepLock, 1, lock, token, lockMs).catch(() => undefined),
    lockMs / 3,
  );
  try {
    for (const { version, run } of await missing()) {
      await run?.({ redis, prefix });
      await redis.hset(facts, 'schema', version);
    }
  } finally {
    clearInterval(renewal);
    if ((await redis.get(lock)) === token) await redis.del(lock);
  }
}
