// The write lock of an SQLite file; waiting for it does not block the requests of this process.
import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

/** Runs the synchronous `work` as one transaction; any error rolls it back. */
export type WriteLock = <T>(work: () => T) => Promise<T>;

const sqliteBusy = 5;
/** The same as the command timeout for Redis. */
const lockWaitMs = 2_000;

/** If another process wants the lock too, this one leaves it free for as long as it held it, at most this long. */
const longestPauseMs = 20;
const contendedForMs = 1_000;

/** @param db with a busy timeout of 0 */
export function createWriteLock(db: DatabaseSync): WriteLock {
  let contendedAt = Number.NEGATIVE_INFINITY;
  let freeUntil = 0;
  return async (work) => {
    const startedAt = performance.now();
    if (startedAt < freeUntil) await delay(freeUntil - startedAt);
    while (!begin(db, startedAt + lockWaitMs)) {
      contendedAt = performance.now();
      await delay(1 + Math.random() * 3);
    }
    const begunAt = performance.now();
    try {
      const value = work();
      db.exec('COMMIT');
      return value;
    } catch (error) {
      // A full disk rolls the transaction back by itself.
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    } finally {
      const now = performance.now();
      if (now - contendedAt < contendedForMs) freeUntil = now + Math.min(longestPauseMs, now - begunAt);
    }
  };
}

function begin(db: DatabaseSync, until: number): boolean {
  try {
    db.exec('BEGIN IMMEDIATE');
    return true;
  } catch (error) {
    const { errcode = 0 } = error as { errcode?: number };
    if ((errcode & 0xff) !== sqliteBusy || performance.now() > until) throw error;
    return false;
  }
}
