// Whether an SQLite file may be used, as stored in it: a file that is being filled, or was moved, is not opened.
import type { DatabaseSync } from 'node:sqlite';
import { ClosedStore, type Closing } from './migrations.ts';

/** @param place the file's path, for the message. @throws ClosedStore */
export function refuseClosed(db: DatabaseSync, place: string): void {
  const closing = closingOf(db);
  if (closing !== undefined) throw new ClosedStore(place, closing);
}

/** @returns why it must not be used; undefined if it may */
export function closingOf(db: DatabaseSync): string | undefined {
  const value = db.prepare("SELECT value FROM store_fact WHERE name = 'closed'").get()?.['value'];
  return value === undefined ? undefined : String(value);
}

/** @param closing undefined: the file may be used (again) */
export function setClosing(db: DatabaseSync, closing: Closing | undefined): void {
  if (closing === undefined) db.exec("DELETE FROM store_fact WHERE name = 'closed'");
  else
    db.prepare(
      `INSERT INTO store_fact (name, value) VALUES ('closed', ?)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
    ).run(closing);
}
