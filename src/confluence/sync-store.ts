// What a sync writes. Every step is one transaction, so a sync that is killed at any instant resumes where it was.
import type { DatabaseSync } from 'node:sqlite';
import type { FetchedPage, ListedPage, ListedSpace } from './api.ts';
import { type Compared, compareList } from './compare.ts';
import { createRuns, type RunCount } from './runs.ts';
import { transaction } from './transaction.ts';

export interface StoredFile {
  readonly id: string;
  readonly title: string;
  readonly mediaType: string;
  readonly size: number;
  readonly version: number;
  /** The name of the file that holds its bytes. */
  readonly file: string;
  readonly sha256: string;
}

export interface Work {
  readonly page: string;
  readonly what: 'page' | 'attachments';
}

/** The result of fetching a page's attachments. */
export interface FilesOutcome {
  /** All attachments that the page has now. */
  readonly stored: readonly StoredFile[];
  readonly failed: readonly { readonly file: string; readonly reason: string }[];
  /** How many were downloaded, and their total size. */
  readonly fetched: number;
  readonly bytes: number;
}

const noFiles: FilesOutcome = { stored: [], failed: [], fetched: 0, bytes: 0 };

export type SyncStore = ReturnType<typeof createSyncStore>;

/** @param textOf extracts a body's words for the search */
export function createSyncStore(db: DatabaseSync, textOf: (body: string) => string) {
  const runs = createRuns(db);
  const listPage = db.prepare(
    `INSERT INTO sync_listed (id, list, space, parent, title, version, position) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET list = excluded.list, space = excluded.space, parent = excluded.parent,
       title = excluded.title, version = excluded.version, position = excluded.position`,
  );
  const putSpace = db.prepare(
    `INSERT INTO space (key, id, name, homepage, url, status, fetched_at) VALUES (?, ?, ?, ?, ?, 'live', ?)
     ON CONFLICT (key) DO UPDATE SET id = excluded.id, name = excluded.name, homepage = excluded.homepage,
       url = excluded.url, status = 'live', fetched_at = excluded.fetched_at`,
  );
  const statusOf = db.prepare('SELECT status FROM page WHERE id = ?');
  const listedPosition = db.prepare('SELECT position FROM sync_listed WHERE id = ?');
  const putPage = db.prepare(
    `INSERT INTO page (id, space, parent, title, version, body, status, url, author, updated_at, fetched_at, position)
     VALUES (?, ?, ?, ?, ?, ?, 'live', ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET space = excluded.space, parent = excluded.parent, title = excluded.title,
       version = excluded.version, body = excluded.body, status = 'live', url = excluded.url, author = excluded.author,
       updated_at = excluded.updated_at, fetched_at = excluded.fetched_at, position = excluded.position
     RETURNING row`,
  );
  const dropText = db.prepare('DELETE FROM page_text WHERE rowid = ?');
  const putText = db.prepare('INSERT INTO page_text (rowid, title, text) VALUES (?, ?, ?)');
  const removePage = db.prepare("UPDATE page SET status = 'removed' WHERE id = ? AND status = 'live'");
  const filesOf = db.prepare(
    'SELECT id, title, media_type AS mediaType, size, version, file, sha256 FROM attachment WHERE page = ?',
  );
  const dropFiles = db.prepare('DELETE FROM attachment WHERE page = ?');
  const putFile = db.prepare(
    `INSERT OR REPLACE INTO attachment (id, page, title, media_type, size, version, file, sha256, fetched_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const allFiles = db.prepare('SELECT file FROM attachment');
  const someWork = db.prepare(
    'SELECT rowid AS at, page, what FROM sync_work WHERE rowid > ? ORDER BY rowid LIMIT 200',
  );
  const dropWork = db.prepare('DELETE FROM sync_work WHERE page = ?');
  const isListed = db.prepare('SELECT 1 FROM sync_list WHERE name = ?');
  const inLibrary = db.prepare(
    `SELECT l.id FROM sync_listed l JOIN page p ON p.id = l.id
     WHERE l.list = ? AND p.version = l.version AND p.status = 'live'`,
  );

  function finish(run: number, page: string, count: RunCount | undefined, files: FilesOutcome): void {
    for (const { file, reason } of files.failed) runs.addFailure(page, file, reason);
    runs.add(run, 'files', files.fetched);
    runs.add(run, 'bytes', files.bytes);
    if (count) runs.add(run, count, 1);
    dropWork.run(page);
  }

  function storeFiles(page: string, files: FilesOutcome, now: number): void {
    dropFiles.run(page);
    for (const { id, title, mediaType, size, version, file, sha256 } of files.stored) {
      putFile.run(id, page, title, mediaType, size, version, file, sha256, now);
    }
  }

  return {
    runs,
    putSpace(space: ListedSpace, now: number): void {
      putSpace.run(space.key, space.id, space.name, space.homepage, space.url, now);
    },
    isListed: (list: string) => isListed.get(list) !== undefined,
    list: (list: string, pages: readonly ListedPage[]) =>
      transaction(db, () => {
        for (const { id, space, parent, title, version, position } of pages)
          listPage.run(id, list, space, parent, title, version, position);
      }),
    /** Pages of a list that the library has in the same version: their attachments may have changed. */
    unchanged: (list: string) => new Set(inLibrary.all(list).map((row) => row['id'] as string)),
    compare: (run: number, compared: Compared) =>
      transaction(db, () => {
        for (const [count, by] of Object.entries(compareList(db, compared)))
          runs.add(run, count as RunCount, by);
      }),
    /** Spaces missing from a complete list of spaces: each of their pages is requested. */
    spacesGone: (keys: ReadonlySet<string>) =>
      transaction(db, () => {
        for (const { key } of db.prepare("SELECT key FROM space WHERE status = 'live'").all()) {
          if (keys.has(key as string)) continue;
          db.prepare("UPDATE space SET status = 'removed' WHERE key = ?").run(key as string);
          db.prepare(
            `INSERT OR IGNORE INTO sync_work (page, what) SELECT id, 'page' FROM page
             WHERE space = ? AND status = 'live' AND id NOT IN (SELECT id FROM sync_listed)`,
          ).run(key as string);
        }
      }),
    /** The next items of work, in order. @param after the `at` of the last one taken; 0: from the start */
    work: (after: number) => someWork.all(after) as unknown as (Work & { readonly at: number })[],
    isLive: (page: string) => statusOf.get(page)?.['status'] === 'live',
    filesOf: (page: string) => filesOf.all(page) as unknown as StoredFile[],
    fileNames: () => new Set(allFiles.all().map((row) => row['file'] as string)),
    savePage: (run: number, page: FetchedPage, files: FilesOutcome, now: number) =>
      transaction(db, () => {
        const { id, space, parent, title, version, body, url, author, updatedAt } = page;
        const wasLive = statusOf.get(id)?.['status'] === 'live';
        const position =
          page.position ?? (listedPosition.get(id)?.['position'] as number | null | undefined) ?? 0;
        const values = [id, space, parent, title, version, body, url, author, updatedAt, now, position];
        const row = putPage.get(...values)?.['row'] as number;
        dropText.run(row);
        putText.run(row, title, textOf(body));
        storeFiles(id, files, now);
        finish(run, id, wasLive ? 'updated' : 'added', files);
      }),
    saveFiles: (run: number, page: string, files: FilesOutcome, now: number) =>
      transaction(db, () => {
        storeFiles(page, files, now);
        finish(run, page, 'updated', files);
      }),
    /** Marks it as removed; its body and attachments stay. */
    removePage: (run: number, page: string) =>
      transaction(db, () =>
        finish(run, page, removePage.run(page).changes === 0 ? undefined : 'removed', noFiles),
      ),
    failPage: (run: number, page: string, reason: string) =>
      transaction(db, () => finish(run, page, undefined, { ...noFiles, failed: [{ file: '', reason }] })),
  };
}
