// The lock of a data folder: programs that use the folder share it, a restore holds it exclusively. The kernel releases it when its
// holder dies, however it dies; it also works between containers on one machine.
import { closeSync, constants, existsSync, fchownSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { naming } from '../files/file-refused.ts';
import { foreignOwner } from './replace-file.ts';

/** Releases the lock. Idempotent. */
export type Release = () => void;

const sqliteBusy = 5;
const retryMs = 20;

const setting = 'DATA_DIR';

/**
 * @param mode `shared` together with others that use the folder, `alone` for exclusive use
 * @param waitMs how long to wait for other holders
 * @returns undefined if they did not release it in time
 * @throws FileRefused
 */
export async function lockPlace(
  dataDir: string,
  mode: 'shared' | 'alone',
  waitMs: number,
): Promise<Release | undefined> {
  naming({ path: dataDir, setting }, () => mkdirSync(dataDir, { recursive: true, mode: 0o700 }));
  const path = join(dataDir, 'in-use.lock');
  // Created only if missing: closing any handle of a locked file would release this process's own lock on it.
  if (!existsSync(path)) naming({ path, setting }, () => makeLock(path, dataDir));
  for (const until = performance.now() + waitMs; ; await delay(retryMs)) {
    const database = naming({ path, setting }, () => new DatabaseSync(path, { timeout: 0 }));
    if (naming({ path, setting }, () => take(database, mode)))
      return () => {
        if (database.isOpen) database.close();
      };
    database.close();
    if (performance.now() >= until) return undefined;
  }
}

function take(database: DatabaseSync, mode: 'shared' | 'alone'): boolean {
  try {
    if (mode === 'alone') {
      database.exec('BEGIN EXCLUSIVE');
    } else {
      // A transaction takes its shared lock with its first read.
      database.exec('BEGIN');
      database.prepare('SELECT count(*) FROM sqlite_schema').get();
    }
    return true;
  } catch (error) {
    if (((error as { errcode?: number }).errcode ?? 0) % 256 === sqliteBusy) return false;
    database.close();
    throw error;
  }
}

function makeLock(path: string, dataDir: string): void {
  const file = openSync(path, constants.O_CREAT | constants.O_RDWR | constants.O_NOFOLLOW, 0o600);
  try {
    const owner = foreignOwner(dataDir);
    if (owner) fchownSync(file, owner.uid, owner.gid);
  } finally {
    closeSync(file);
  }
}
