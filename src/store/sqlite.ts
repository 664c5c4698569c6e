// The embedded backend: one SQLite file in the data folder, readable by its owner alone.
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { attempt, type Store } from './contract.ts';
import {
  createSqliteClaims,
  createSqliteNotes,
  createSqlitePeople,
  createSqliteVisitors,
} from './sqlite-choices.ts';
import { createSqliteCounters } from './sqlite-counters.ts';
import { createSqliteFacts } from './sqlite-facts.ts';
import { createWriteLock } from './sqlite-lock.ts';
import { migrateSqlite, refuseNewerSqlite } from './sqlite-migrate.ts';
import { sqliteMigrations } from './sqlite-migrations.ts';
import { createSqliteAliases, createSqliteRecord } from './sqlite-record.ts';
import { createSqliteSessions } from './sqlite-sessions.ts';

/** Rows forgotten in one transaction: few, so that no request waits behind them. */
const purgeBatch = 200;

/** Opens (or makes) `gatehouse.db` in `dataDir`, which is made with mode 0700. @throws NewerStore; and where the folder cannot be used. */
export function openSqliteStore(dataDir: string): Store {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, 'gatehouse.db');
  const umask = process.umask(0o077);
  let db: DatabaseSync;
  let recordDb: DatabaseSync;
  let quickDb: DatabaseSync;
  try {
    // Other processes may be busy writing: to start, there is time to wait for them.
    db = new DatabaseSync(path, { timeout: 5000 });
    // FULL: a sign-out that was confirmed is still one after a power cut. secure_delete: SQLite leaves deleted rows readable otherwise.
    const pragmas = 'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;';
    // First of all: a newer program's file stays as it is.
    refuseNewerSqlite(db, sqliteMigrations, path);
    db.exec(pragmas);
    migrateSqlite(db, sqliteMigrations, path);
    db.exec('PRAGMA busy_timeout = 500;');
    // The record's own: it asks again for the write lock without holding up every request meanwhile.
    recordDb = new DatabaseSync(path, { timeout: 5000 });
    recordDb.exec(`${pragmas} PRAGMA busy_timeout = 0;`);
    // When a session was last seen is written once a minute each: a wait for the disk that nobody needs.
    quickDb = new DatabaseSync(path, { timeout: 500 });
    quickDb.exec(`${pragmas} PRAGMA synchronous = NORMAL;`);
  } finally {
    process.umask(umask);
  }
  for (const suffix of ['', '-wal', '-shm']) if (existsSync(path + suffix)) chmodSync(path + suffix, 0o600);

  const recordLock = createWriteLock(recordDb);
  const forget = ['session', 'visitor', 'claim', 'note', 'counter'].map((table) =>
    db.prepare(
      `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE expires_at <= ? LIMIT ${purgeBatch})`,
    ),
  );
  const truncateLog = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  const one = db.prepare('SELECT count(*) FROM sqlite_schema');
  return {
    sessions: createSqliteSessions(db, quickDb),
    visitors: createSqliteVisitors(db),
    people: createSqlitePeople(db),
    claims: createSqliteClaims(db),
    notes: createSqliteNotes(db),
    counters: createSqliteCounters(db),
    facts: createSqliteFacts(db),
    record: createSqliteRecord(recordDb, recordLock),
    aliases: createSqliteAliases(recordDb, recordLock),
    // It was at the opening.
    prepare: async () => undefined,
    ping: () =>
      attempt(() => {
        one.get();
      }),
    purge: (now) =>
      attempt(async () => {
        let total = 0;
        for (const statement of forget) {
          for (let gone = purgeBatch; gone === purgeBatch; total += gone) {
            gone = Number(statement.run(now).changes);
            await new Promise(setImmediate);
          }
        }
        return total;
      }),
    scrub: () => attempt(() => Number(truncateLog.get()?.['busy']) === 0),
    async close() {
      for (const open of [quickDb, recordDb, db]) if (open.isOpen) open.close();
    },
  };
}
