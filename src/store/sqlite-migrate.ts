// Migrates an SQLite file to the program's layout. The version is SQLite's own `user_version`, written in the same transaction as the
// changes: a killed migration leaves the file as it was.
import { DatabaseSync } from 'node:sqlite';
import { naming } from '../files/file-refused.ts';
import { type Migration, missingSteps } from './migrations.ts';

export type SqliteMigration = Migration<DatabaseSync, void>;

/** Changes nothing. @param place the file's path, for the message. @throws NewerStore */
export function refuseNewerSqlite(db: DatabaseSync, steps: readonly SqliteMigration[], place: string): void {
  missingSteps(steps, versionOf(db), place);
}

/** @param db with a busy timeout: another process may be migrating the same file. @throws NewerStore */
export function migrateSqlite(db: DatabaseSync, steps: readonly SqliteMigration[], place: string): void {
  // Checked without a lock first: almost always there is nothing to do.
  if (missingSteps(steps, versionOf(db), place).length === 0) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    for (const { version, run } of missingSteps(steps, versionOf(db), place)) {
      run(db);
      db.exec(`PRAGMA user_version = ${version}`);
    }
    db.exec('COMMIT');
  } catch (error) {
    // A full disk rolls the transaction back by itself.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

export function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
}

/** The layout version of a file. @throws FileRefused if it is not a database file */
export function layoutOf(path: string): number {
  return naming({ path, setting: 'DATA_DIR' }, () => {
    const db = new DatabaseSync(path, { readOnly: true });
    try {
      return versionOf(db);
    } finally {
      db.close();
    }
  });
}
