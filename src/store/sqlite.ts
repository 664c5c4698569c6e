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
import { createSqliteAliases, createSqliteRecord, recordSchema } from './sqlite-record.ts';
import { createSqliteSessions } from './sqlite-sessions.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS session (
    key TEXT NOT NULL UNIQUE,
    handle TEXT NOT NULL UNIQUE,
    person_id TEXT NOT NULL,
    email TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    id_hash TEXT NOT NULL,
    id_issued_at INTEGER NOT NULL,
    previous TEXT,
    data TEXT NOT NULL,
    ended_at INTEGER,
    ended TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS session_by_expiry ON session (expires_at);
  CREATE INDEX IF NOT EXISTS session_by_person ON session (person_id, created_at) WHERE ended_at IS NULL;
  CREATE INDEX IF NOT EXISTS session_of_person ON session (person_id);
  CREATE INDEX IF NOT EXISTS session_by_last_seen ON session (last_seen_at, key) WHERE ended_at IS NULL;
  CREATE INDEX IF NOT EXISTS session_by_creation ON session (created_at, key) WHERE ended_at IS NULL;
  CREATE INDEX IF NOT EXISTS session_by_email ON session (email, key) WHERE ended_at IS NULL;
  CREATE TABLE IF NOT EXISTS live_sessions (count INTEGER NOT NULL) STRICT;
  INSERT INTO live_sessions SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM live_sessions);
  CREATE TRIGGER IF NOT EXISTS session_created AFTER INSERT ON session WHEN new.ended_at IS NULL
    BEGIN UPDATE live_sessions SET count = count + 1; END;
  CREATE TRIGGER IF NOT EXISTS session_ended AFTER UPDATE OF ended_at ON session
    WHEN old.ended_at IS NULL AND new.ended_at IS NOT NULL
    BEGIN UPDATE live_sessions SET count = count - 1; END;
  CREATE TRIGGER IF NOT EXISTS session_forgotten AFTER DELETE ON session WHEN old.ended_at IS NULL
    BEGIN UPDATE live_sessions SET count = count - 1; END;
  CREATE TABLE IF NOT EXISTS visitor (
    id_hash TEXT NOT NULL UNIQUE,
    retired INTEGER NOT NULL,
    choices TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS visitor_by_expiry ON visitor (expires_at);
  CREATE TABLE IF NOT EXISTS person (
    id TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,
    choices TEXT NOT NULL,
    last_sign_in TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS person_by_email ON person (email);
  CREATE INDEX IF NOT EXISTS person_by_sign_in ON person (last_sign_in ->> '$.at');
  CREATE TABLE IF NOT EXISTS note (
    key TEXT NOT NULL UNIQUE,
    value TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    person_id TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS note_by_person ON note (person_id) WHERE person_id IS NOT NULL;
  CREATE TABLE IF NOT EXISTS counter (
    day TEXT NOT NULL,
    name TEXT NOT NULL,
    n INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (day, name)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS store_fact (
    name TEXT NOT NULL UNIQUE,
    value TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS claim (
    key TEXT NOT NULL UNIQUE,
    value TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT;
`;

/** Rows forgotten in one transaction: few, so that no request waits behind them. */
const purgeBatch = 200;

/** Opens (or makes) `gatehouse.db` in `dataDir`, which is made with mode 0700. @throws where the folder cannot be used. */
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
    db.exec(pragmas);
    addMissingColumns(db);
    db.exec(schema);
    db.exec(recordSchema);
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

/** A file of an earlier version has its tables already. */
function addMissingColumns(db: DatabaseSync): void {
  const columns = db.prepare("SELECT name FROM pragma_table_info('note')").all();
  if (columns.length > 0 && !columns.some(({ name }) => name === 'person_id'))
    db.exec('ALTER TABLE note ADD COLUMN person_id TEXT');
}
