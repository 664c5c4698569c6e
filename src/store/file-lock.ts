// One writer at a time for a file, across processes and replicas. The kernel frees the lock when its holder dies, however it dies.
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
 * Runs `work` while `<path>.lock` is held; that file stays, since deleting it would let two in.
 * @param waitMs how long to wait for another holder, in this process or another
 * @returns `busy` where the other one did not finish in time
 * @throws FileRefused where the lock itself cannot be made or taken
 */
export async function withLock<T>(
  path: string,
  waitMs: number,
  work: () => T | Promise<T>,
): Promise<Locked<T>> {
  const lockPath = `${path}.lock`;
  // Made only where it is missing: closing any handle of a locked file would free this process's own lock on it.
  const lockFile = { path: lockPath };
  if (!existsSync(lockPath)) naming(lockFile, () => makeLock(lockPath, path));
  // SQLite would wait by holding up every request, so it is asked again instead.
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

/** Whoever owns what it locks must be able to take it, also after root did. */
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
