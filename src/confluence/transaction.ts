// All or nothing: work that throws leaves no trace in the file. Also decides which errors are the disk's fault.
import type { DatabaseSync } from 'node:sqlite';
import { FileRefused } from '../files/file-refused.ts';
import type { SameFile } from '../files/same-file.ts';

/** Files that must still be in place before anything is written. */
const watched = new WeakMap<DatabaseSync, SameFile>();

/** From now on no transaction begins in `db` if its file was removed or replaced. */
export function watchDatabase(db: DatabaseSync, file: SameFile): void {
  watched.set(db, file);
}

/** @throws FileRefused if the file is no longer the one that was opened */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  watched.get(db)?.check();
  db.exec('BEGIN IMMEDIATE');
  try {
    const value = work();
    db.exec('COMMIT');
    return value;
  } catch (error) {
    // A full disk has already ended the transaction; another error here would hide the first.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** SQLite's READONLY, IOERR and FULL, in the low byte; or a file that no longer exists. */
export function isOfTheDisk(error: unknown): boolean {
  if (error instanceof FileRefused) return true;
  const { errcode } = error as { readonly errcode?: number };
  return errcode !== undefined && [8, 10, 13].includes(errcode & 0xff);
}
