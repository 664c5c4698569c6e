// One writer at a time for a file, across processes and replicas. The kernel releases the lock when its holder dies, however it dies.
import { closeSync, constants, existsSync, fchownSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { naming } from '../files/file-refused.ts';
import { foreignOwner } from './replace-file.ts';

const sqliteBusy = 5;
const retryMs = 20;

export type Locked<T> = { readonly value: T } | { readonly busy: true };

/**
 * Runs `work` while holding `<path>.lock`. The lock file is never deleted: deleting it would let two processes hold the lock.
 * @param waitMs how long to wait for another holder, in this process or another one
 * @returns `busy` if the other holder did not finish in time
 * @throws FileRefused if the lock file cannot be created or locked
 */
export async function withLock<T>(
  path: string,
  waitMs: number,
  work: () => T | Promise<T>,
): Promise<Locked<T>> {
  const lockPath = `${path}.lock`;
  // Created only if missing: closing any handle of a locked file would release this process's own lock on it.
  const lockFile = { path: lockPath };
  if (!existsSync(lockPath)) naming(lockFile, () => makeLock(lockPath, path));
  // SQLite's own waiting would block every request, so this polls instead.
  for (const until = performance.now() + waitMs; ; await delay(retryMs)) {
    const database = naming(lockFile, () => new DatabaseSync(lockPath, { timeout: 0 }));
    try {
      if (naming(lockFile, () => begin(database))) return { value: await work() };
    } finally {
      database.close();
    }
    if (performance.now() >= until) return { busy: true };
  }
}

/** The owner of the locked file must be able to take the lock, also after root created it. */
function makeLock(lockPath: string, path: string): void {
  const file = openSync(lockPath, constants.O_CREAT | constants.O_RDWR | constants.O_NOFOLLOW, 0o600);
  try {
    const owner = foreignOwner(path) ?? foreignOwner(dirname(path));
    if (owner) fchownSync(file, owner.uid, owner.gid);
  } finally {
    closeSync(file);
  }
}

function begin(database: DatabaseSync): boolean {
  try {
    database.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === sqliteBusy) return false;
    throw error;
  }
}
