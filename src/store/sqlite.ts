// The embedded backend: one SQLite file in the data folder, readable only by its owner.
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
import { createSqliteFacts, refuseClosed } from './sqlite-facts.ts';
import { guardStore } from './sqlite-guard.ts';
import { createWriteLock } from './sqlite-lock.ts';
import { migrateSqlite, refuseNewerSqlite, versionOf } from './sqlite-migrate.ts';
import { sqliteMigrations } from './sqlite-migrations.ts';
import { createSqliteAliases, createSqliteRecord } from './sqlite-record.ts';
import { createSqliteSessions } from './sqlite-sessions.ts';

const setting = 'DATA_DIR';

/** Rows deleted in one transaction: few, so that no request has to wait. */
const purgeBatch = 200;

/** How often the files are checked while there are no requests. */
const watchEveryMs = 1_000;

export interface SqliteOptions {
  /** Called once when the file was removed or replaced under this program, and with `undefined` when it is back. */
  readonly onReplaced?: (fault: unknown) => void;
  /** For the program that fills or moves the store: opens it although it is closed. */
  readonly evenIfClosed?: boolean;
  /** False: writes do not wait for the disk; only for a file that may be lost in a crash. */
  readonly durable?: boolean;
}

/**
 * Opens or creates `gatehouse.db` in `dataDir`, which is created with mode 0700.
 * @throws NewerStore, ClosedStore; FileRefused if the folder or the file cannot be used
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
  let readerDb: DatabaseSync;
  try {
    // Other processes may be writing: at start-up there is time to wait for them.
    db = new DatabaseSync(path, { timeout: 5000 });
    // FULL: a confirmed sign-out survives a power cut. secure_delete: otherwise SQLite leaves deleted rows readable.
    const pragmas = `PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durable ? 'FULL' : 'OFF'}; PRAGMA secure_delete = ON;`;
    // Before anything else: a file of a newer program is left unchanged.
    refuseNewerSqlite(db, sqliteMigrations, path);
    db.exec(pragmas);
    migrateSqlite(db, sqliteMigrations, path);
    if (!evenIfClosed) refuseClosed(db, path);
    db.exec('PRAGMA busy_timeout = 500;');
    // A connection for the audit log: it polls for the write lock without blocking every request.
    recordDb = new DatabaseSync(path, { timeout: 5000 });
    recordDb.exec(`${pragmas} PRAGMA busy_timeout = 0;`);
    // For the times sessions were last seen, written once a minute each: no need to wait for the disk.
    quickDb = new DatabaseSync(path, { timeout: 500 });
    quickDb.exec(`${pragmas} PRAGMA synchronous = ${durable ? 'NORMAL' : 'OFF'};`);
    // For admitting requests, which must not change anything.
    readerDb = new DatabaseSync(path, { timeout: 500, readOnly: true });
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
    sessions: createSqliteSessions(db, quickDb, readerDb),
    visitors: createSqliteVisitors(db),
    people: createSqlitePeople(db),
    claims: createSqliteClaims(db),
    notes: createSqliteNotes(db),
    counters: createSqliteCounters(db),
    facts: createSqliteFacts(db),
    record: createSqliteRecord(recordDb, recordLock),
    aliases: createSqliteAliases(recordDb, recordLock),
    // Prepared when it was opened.
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
      for (const one of [readerDb, quickDb, recordDb, db]) if (one.isOpen) one.close();
    },
  };
  return guardStore(store, file);
}

/** The size of the file and its log, and the free space on the disk. */
function roomOf(path: string): Room {
  const sizes = ['', '-wal'].map((suffix) => statSync(path + suffix, { throwIfNoEntry: false })?.size ?? 0);
  const usedBytes = sizes.reduce((a, b) => a + b, 0);
  const { bavail, bsize } = statfsSync(dirname(path));
  return { usedBytes, mostBytes: usedBytes + bavail * bsize };
}

/** Whether there is a file with an earlier layout; an empty file counts as new. @throws if it cannot be read */
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
