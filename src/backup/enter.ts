// Runs before any use of a data folder: finishes a restore that was killed, upgrades an older file while nobody else has it open, and then
// holds the folder, shared with its other users.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UnfitStore } from '../store/migrations.ts';
import { lockPlace, type Release } from '../store/place-lock.ts';
import type { RedisPlace } from '../store/redis-migrate.ts';
import { isOutdated, openSqliteStore } from '../store/sqlite.ts';
import { type FilePlace, storeFile } from './place.ts';
import { finish, isPending } from './put-in-place.ts';

const waitMs = 3_000;
const stepMs = 50;

/**
 * @param connect to the Redis that holds the sessions; undefined: they are in the folder
 * @returns how to leave
 * @throws UnfitStore if another process does not release it; and what the file system or Redis refuses
 */
export async function enterPlace(place: FilePlace, connect?: () => RedisPlace): Promise<Release> {
  const { dataDir } = place;
  for (const until = performance.now() + waitMs; ; ) {
    const first = whatComesFirst(dataDir, connect !== undefined);
    const release = await lockPlace(dataDir, first ? 'alone' : 'shared', stepMs);
    // Under the lock the answer can no longer change.
    if (release && whatComesFirst(dataDir, connect !== undefined) === first) {
      if (!first) return release;
      try {
        if (first === 'finish') await finishPending(place, connect);
        else await openSqliteStore(dataDir, { evenIfClosed: true }).close();
      } finally {
        release();
      }
    } else {
      release?.();
      if (performance.now() > until) throw new UnfitStore(busyWords(dataDir, first));
    }
  }
}

/** Finishes an interrupted restore. Requires the exclusive lock. */
export async function finishPending(
  place: FilePlace,
  connect: (() => RedisPlace) | undefined,
): Promise<void> {
  const redis = connect?.();
  try {
    await finish({ ...place, redis });
  } finally {
    redis?.redis.disconnect();
  }
}

type First = 'finish' | 'migrate' | undefined;

function whatComesFirst(dataDir: string, isRedis: boolean): First {
  if (isPending(dataDir)) return 'finish';
  const path = join(dataDir, storeFile);
  return !isRedis && existsSync(path) && isOutdated(path) ? 'migrate' : undefined;
}

function busyWords(dataDir: string, first: First): string {
  if (!first) return `A restore is running in ${dataDir}. Wait until it has ended and try again`;
  const what =
    first === 'finish' ? 'an interrupted restore can be finished' : 'its store can be brought up to date';
  return `${dataDir} is in use by another Gatehouse process. Stop it, so that ${what}, and try again`;
}
