// The migration steps of `gatehouse.db`, in order. A released step never changes.
import type { DatabaseSync } from 'node:sqlite';
import type { SqliteMigration } from './sqlite-migrate.ts';
import { recordSchema } from './sqlite-record.ts';

export const sqliteMigrations: readonly SqliteMigration[] = [
  {
    version: 1,
    about:
      'the tables of 0.1.0, which wrote no version: they may be there already, without the newest column',
    run(db) {
      addMissingColumns(db);
      db.exec(firstSchema);
      db.exec(recordSchema);
    },
  },
  {
    version: 2,
    about: 'facts about the store itself',
    run: (db) =>
      db.exec(
        'CREATE TABLE IF NOT EXISTS store_fact (name TEXT NOT NULL UNIQUE, value TEXT NOT NULL) STRICT',
      ),
  },
];

const firstSchema = `
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
  CREATE TABLE IF NOT EXISTS claim (
    key TEXT NOT NULL UNIQUE,
    value TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT;
`;

/** `CREATE TABLE IF NOT EXISTS` adds no columns to an existing table. */
function addMissingColumns(db: DatabaseSync): void {
  const columns = db.prepare("SELECT name FROM pragma_table_info('note')").all();
  if (columns.length > 0 && !columns.some(({ name }) => name === 'person_id'))
    db.exec('ALTER TABLE note ADD COLUMN person_id TEXT');
}
