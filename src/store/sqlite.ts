// The embedded backend: one SQLite file in the data folder, readable by its owner alone.
import { chmodSync, existsSync, mkdirSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { naming } from '../files/file-refused.ts';
import { rememberFile, watchFile } from '../files/same-file.ts';
import { attempt, type Room, type Store } from './contract.ts';
import { missingSteps } from './migrations.ts';
import {
  createSqliteClaims,
  createSqliteNotes,
  createSqlitePeople,
  createSqliteVisitors,
} from './sqlite-choices.ts';
import { createSqliteCounters } from './sqlite-counters.ts';
import { createSqliteFacts } from './sqlite-facts.ts';
import { guardStore } from './sqlite-guard.ts';
import { refuseClosed } from './sqlite-in-use.ts';
import { createWriteLock } from './sqlite-lock.ts';
import { migrateSqlite, refuseNewerSqlite, versionOf } from './sqlite-migrate.ts';
import { sqliteMigrations } from './sqlite-migrations.ts';
import { createSqliteAliases, createSqliteRecord } from './sqlite-record.ts';
import { createSqliteSessions } from './sqlite-sessions.ts';

const setting = 'DATA_DIR';

/** Rows forgotten in one transaction: few, so that no request waits behind them. */
const purgeBatch = 200;

/** How often the files are looked at where nobody asks for anything. */
const watchEveryMs = 1_000;

export interface SqliteOptions {
  /** Told once when the file was removed or replaced under this program, and `undefined` when it is back. */
  readonly onReplaced?: (fault: unknown) => void;
  /** For whoever fills or moves the store: it is opened although it is closed. */
  readonly evenIfClosed?: boolean;
  /** False: nothing waits for the disk, for a file that a crash may destroy. */
  readonly durable?: boolean;
}

/**
 * Opens (or makes) `gatehouse.db` in `dataDir`, which is made with mode 0700.
 * @throws NewerStore, ClosedStore; FileRefused where the folder or the file cannot be used
 */
export function openSqliteStore(dataDir: string, options: SqliteOptions = {}): Store {
  const path = join(dataDir, 'gatehouse.db');
  naming({ path: dataDir, setting }, () => mkdirSync(dataDir, { recursive: true, mode: 0o700 }));
  return naming({ path, setting }, () => open(path, options));
}

function open(path: string, { onReplaced, evenIfClosed = false, durable = true }: SqliteOptions): Store {
  const umask = process.umask(0o077);
  let db: DatabaseSync;
  let recordDb: DatabaseSync;
  let quickDb: DatabaseSync;
  try {
    // Other processes may be busy writing: to start, there is time to wait for them.
    db = new DatabaseSync(path, { timeout: 5000 });
    // FULL: a sign-out that was confirmed is still one after a power cut. secure_delete: SQLite leaves deleted rows readable otherwise.
    const pragmas = `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durable ? 'FULL' : 'OFF'}; PRAGMA secure_delete = ON;`;
    // First of all: a newer program's file stays as it is.
    refuseNewerSqlite(db, sqliteMigrations, path);
    db.exec(pragmas);
    migrateSqlite(db, sqliteMigrations, path);
    if (!evenIfClosed) refuseClosed(db, path);
    db.exec('PRAGMA busy_timeout = 500;');
    // The record's own: it asks again for the write lock without holding up every request meanwhile.
    recordDb = new DatabaseSync(path, { timeout: 5000 });
    recordDb.exec(`${pragmas} PRAGMA busy_timeout = 0;`);
    // When a session was last seen is written once a minute each: a wait for the disk that nobody needs.
    quickDb = new DatabaseSync(path, { timeout: 500 });
    quickDb.exec(`${pragmas} PRAGMA synchronous = ${durable ? 'NORMAL' : 'OFF'};`);
  } finally {
    process.umask(umask);
  }
  for (const suffix of ['', '-wal', '-shm']) if (existsSync(path + suffix)) chmodSync(path + suffix, 0o600);
  const file = rememberFile({ path, setting });
  const stopWatching = onReplaced && watchFile(file, watchEveryMs, onReplaced);

  const recordLock = createWriteLock(recordDb);
  const forget = ['session', 'visitor', 'claim', 'note', 'counter'].map((table) =>
    db.prepare(
      `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE expires_at <= ? LIMIT ${purgeBatch})`,
    ),
  );
  const truncateLog = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)');
  const one = db.prepare('SELECT count(*) FROM sqlite_schema');
  const store: Store = {
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
    room: () => attempt(() => roomOf(path)),
    async close() {
      stopWatching?.();
      for (const one of [quickDb, recordDb, db]) if (one.isOpen) one.close();
    },
  };
  return guardStore(store, file);
}

/** The file with its log, and what the disk has left for it. */
function roomOf(path: string): Room {
  const sizes = ['', '-wal'].map((suffix) => statSync(path + suffix, { throwIfNoEntry: false })?.size ?? 0);
  const usedBytes = sizes.reduce((a, b) => a + b, 0);
  const { bavail, bsize } = statfsSync(dirname(path));
  return { usedBytes, mostBytes: usedBytes + bavail * bsize };
}

/** Whether a file is there whose layout is an earlier one; an empty file counts as new. @throws where it cannot be read */
export function isOutdated(path: string): boolean {
  return naming({ path, setting: 'DATA_DIR' }, () => {
    const db = new DatabaseSync(path, { timeout: 5000 });
    try {
      if (Number(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']) === 0) return false;
      return missingSteps(sqliteMigrations, versionOf(db), path).length > 0;
    } finally {
      db.close();
    }
  });
}
