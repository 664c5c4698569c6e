// One writer at a time for a file, across processes. The kernel frees the lock when its holder dies, however it dies.
import { closeSync, constants, existsSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

const sqliteBusy = 5;

export type Locked<T> = { readonly value: T } | { readonly busy: true };

/**
 * Runs `work` while `<path>.lock` is held; that file stays, since deleting it would let two in.
 * @param waitMs how long to wait for another holder
 * @returns `busy` where the other one did not finish in time
 */
export async function withLock<T>(
  path: string,
  waitMs: number,
  work: () => T | Promise<T>,
): Promise<Locked<T>> {
  const lockPath = `${path}.lock`;
  // Made only where it is missing: closing any handle of a locked file would free this process's own lock on it.
  if (!existsSync(lockPath)) {
    closeSync(openSync(lockPath, constants.O_CREAT | constants.O_RDWR | constants.O_NOFOLLOW, 0o600));
  }
  const database = new DatabaseSync(lockPath, { timeout: waitMs });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === sqliteBusy) return { busy: true };
    throw error;
  }
  try {
    return { value: await work() };
  } finally {
    database.close();
  }
}
