// The runs of the sync, in the library's file: how the last one went, and what an unfinished one still has to do.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { transaction } from './transaction.ts';

export interface RunCounts {
  /** Spaces (or other lists) that were completed. */
  readonly lists: number;
  readonly found: number;
  readonly added: number;
  readonly updated: number;
  /** Moved or renamed without a new version. */
  readonly moved: number;
  readonly unchanged: number;
  readonly removed: number;
  /** Attachments downloaded, and their total bytes. */
  readonly files: number;
  readonly bytes: number;
}
export type RunCount = keyof RunCounts;

export interface Run extends RunCounts {
  readonly id: number;
  /** As `scopeText` writes it. */
  readonly scope: string;
  readonly state: 'running' | 'paused' | 'failed' | 'done';
  readonly reason: string | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** When its process last reported that it is alive. */
  readonly aliveAt: number;
}

export interface Failure {
  readonly page: string;
  readonly title: string;
  /** The attachment's name; empty: the page itself. */
  readonly file: string;
  readonly reason: string;
}

/** Older lists are stale: their pages are listed again. */
const freshMs = 24 * 3_600_000;
/** How many past runs are kept. */
const kept = 20;

export function createRuns(db: DatabaseSync) {
  const last = db.prepare(
    `SELECT id, scope, state, reason, started_at AS startedAt, ended_at AS endedAt, alive_at AS aliveAt, lists, found, added, updated, moved,
       unchanged, removed, files, bytes FROM sync_run ORDER BY id DESC LIMIT 1`,
  );
  const failures = db.prepare(
    'SELECT page, title, file, reason FROM sync_failure ORDER BY title, file LIMIT ?',
  );
  const addFailure = db.prepare(
    `INSERT OR REPLACE INTO sync_failure (page, title, file, reason) VALUES (?1, ifnull(
       ifnull((SELECT title FROM sync_listed WHERE id = ?1), (SELECT title FROM page WHERE id = ?1)), ?1), ?2, ?3)`,
  );
  const adding = new Map<RunCount, StatementSync>();
  const counted = (from: string) => {
    const statement = db.prepare(`SELECT count(*) AS n FROM ${from}`);
    return () => Number(statement.get()?.['n']);
  };

  return {
    last: () => last.get() as Run | undefined,
    failures: (limit: number) => failures.all(limit) as unknown as Failure[],
    failureCount: counted('sync_failure'),
    workCount: counted('sync_work'),
    pageCount: counted("page WHERE status = 'live'"),
    fileCount: counted('attachment'),
    addFailure(page: string, file: string, reason: string): void {
      addFailure.run(page, file, reason);
    },
    add(run: number, count: RunCount, by: number): void {
      if (by === 0) return;
      const statement =
        adding.get(count) ?? db.prepare(`UPDATE sync_run SET ${count} = ${count} + ? WHERE id = ?`);
      adding.set(count, statement);
      statement.run(by, run);
    },
    /** Resumes the last run if it did not finish, had the same scope and is less than a day old; its failures are tried again. */
    begin: (scope: string, now: number): { readonly id: number; readonly resumed: boolean } =>
      transaction(db, () => {
        const before = last.get() as Run | undefined;
        if (before && before.state !== 'done' && before.scope === scope && now - before.startedAt < freshMs) {
          db.exec(`INSERT OR IGNORE INTO sync_work (page, what) SELECT page, 'page' FROM sync_failure;
                   DELETE FROM sync_failure`);
          db.prepare(
            "UPDATE sync_run SET state = 'running', reason = NULL, ended_at = NULL, alive_at = ? WHERE id = ?",
          ).run(now, before.id);
          return { id: before.id, resumed: true };
        }
        forgetLists(db);
        db.exec(`DELETE FROM sync_work; DELETE FROM sync_failure;
                 UPDATE sync_run SET state = 'failed', reason = 'stopped' WHERE state = 'running'`);
        const { lastInsertRowid } = db
          .prepare("INSERT INTO sync_run (scope, state, started_at, alive_at) VALUES (?, 'running', ?, ?)")
          .run(scope, now, now);
        const id = Number(lastInsertRowid);
        db.prepare('DELETE FROM sync_run WHERE id <= ?').run(id - kept);
        return { id, resumed: false };
      }),
    alive(run: number, now: number): void {
      db.prepare('UPDATE sync_run SET alive_at = ? WHERE id = ?').run(now, run);
    },
    end: (run: number, state: 'paused' | 'failed' | 'done', reason: string | null, now: number) =>
      transaction(db, () => {
        db.prepare('UPDATE sync_run SET state = ?, reason = ?, ended_at = ? WHERE id = ?').run(
          state,
          reason,
          now,
          run,
        );
        if (state === 'done') forgetLists(db);
      }),
  };
}

function forgetLists(db: DatabaseSync): void {
  db.exec('DELETE FROM sync_listed; DELETE FROM sync_list');
}
