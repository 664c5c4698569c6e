// All or nothing: what throws inside leaves no trace in the file. And which of that is the disk's fault.
import type { DatabaseSync } from 'node:sqlite';

export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const value = work();
    db.exec('COMMIT');
    return value;
  } catch (error) {
    // A full disk has ended it already; another error here would hide the first.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** SQLite's READONLY, IOERR and FULL, in the low byte. */
export function isOfTheDisk(error: unknown): boolean {
  const { errcode } = error as { readonly errcode?: number };
  return errcode !== undefined && [8, 10, 13].includes(errcode & 0xff);
}
