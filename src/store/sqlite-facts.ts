// Facts about the store in SQLite: one statement each, so that no other process comes between.
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { attempt, type FactTable } from './contract.ts';

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

/** A fact of the file at `path`, which is not changed by it; undefined where it has none, or cannot be read. */
export function readSqliteFact(path: string, name: string): string | undefined {
  if (!existsSync(path)) return undefined;
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { readOnly: true, timeout: 2000 });
    const row = db.prepare('SELECT value FROM store_fact WHERE name = ?').get(name);
    return row === undefined ? undefined : String(row['value']);
  } catch {
    // No such table yet, or no database: opening it tells.
    return undefined;
  } finally {
    db?.close();
  }
}
