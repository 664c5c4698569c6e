// Facts about the store in SQLite: one statement each, so that no other process can come between.
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { attempt, type FactTable } from './contract.ts';
import { ClosedStore, type Closing } from './migrations.ts';

export function createSqliteFacts(db: DatabaseSync): FactTable {
  const select = db.prepare('SELECT value FROM store_fact WHERE name = ?');
  const create = db.prepare(
    `INSERT INTO store_fact (name, value) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET value = value RETURNING value`,
  );
  const replace = db.prepare('UPDATE store_fact SET value = ? WHERE name = ? AND value = ?');
  return {
    read: (name) =>
      attempt(() => {
        const row = select.get(name);
        return row === undefined ? undefined : String(row['value']);
      }),
    create: (name, value) => attempt(() => String(create.get(name, value)?.['value'])),
    replace: (name, expected, value) =>
      attempt(() => Number(replace.run(value, name, expected).changes) === 1),
  };
}

/** A fact of the file at `path`, read without changing the file; undefined if there is none, or it cannot be read. */
export function readSqliteFact(path: string, name: string): string | undefined {
  if (!existsSync(path)) return undefined;
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly: true, timeout: 2000 });
    const row = db.prepare('SELECT value FROM store_fact WHERE name = ?').get(name);
    return row === undefined ? undefined : String(row['value']);
  } catch {
    // No such table yet, or not a database: opening the store reports it.
    return undefined;
  } finally {
    db?.close();
  }
}

/**
 * Refuses a file that is being filled or was moved, as stored in it.
 * @param place the file's path, for the message
 * @throws ClosedStore
 */
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
