// Compares a list from Confluence with the library: what is new, changed, only moved, or missing. Runs inside a transaction.
import type { DatabaseSync } from 'node:sqlite';
import type { FileHint } from './api.ts';

/** A complete list, and what is known of its pages' attachments. */
export interface Compared {
  readonly list: string;
  /** Pages of this space that the list lacks are requested one by one. */
  readonly completeSpace: string | undefined;
  /** undefined: every page is fetched again. `whole`: the hints name every attachment of the list's pages. */
  readonly hints: { readonly files: readonly FileHint[]; readonly whole: boolean } | undefined;
}

/** Turns a list into work, applies moves, and marks the list as complete. @returns counts for the run */
export function compareList(db: DatabaseSync, { list, completeSpace, hints }: Compared) {
  const count = (sql: string) => Number(db.prepare(sql).get(list)?.['n']);
  db.prepare(
    `INSERT OR IGNORE INTO sync_work (page, what)
     SELECT l.id, 'page' FROM sync_listed l LEFT JOIN page p ON p.id = l.id
     WHERE l.list = ? AND (? OR p.id IS NULL OR p.status = 'removed' OR p.version <> l.version)`,
  ).run(list, hints === undefined ? 1 : 0);
  for (const page of hints ? changedFiles(db, list, hints) : []) {
    db.prepare("INSERT OR IGNORE INTO sync_work (page, what) VALUES (?, 'attachments')").run(page);
  }
  const found = count('SELECT count(*) AS n FROM sync_listed WHERE list = ?');
  const toDo = count(
    'SELECT count(*) AS n FROM sync_work w JOIN sync_listed l ON l.id = w.page WHERE l.list = ?',
  );
  const moved = db
    .prepare(
      `UPDATE page SET space = l.space, parent = l.parent, title = l.title, position = ifnull(l.position, page.position)
       FROM sync_listed l WHERE l.id = page.id AND l.list = ? AND page.version = l.version AND page.status = 'live'
         AND page.id NOT IN (SELECT page FROM sync_work WHERE what = 'page')
         AND (page.space <> l.space OR page.parent IS NOT l.parent OR page.title <> l.title
           OR page.position <> ifnull(l.position, page.position))
       RETURNING page.id IN (SELECT page FROM sync_work) AS busy`,
    )
    .all(list)
    // Pages that are fetched for their attachments are counted when that is done.
    .filter(({ busy }) => busy === 0).length;
  if (completeSpace !== undefined) {
    db.prepare(
      `INSERT OR IGNORE INTO sync_work (page, what) SELECT id, 'page' FROM page
       WHERE space = ? AND status = 'live' AND id NOT IN (SELECT id FROM sync_listed)`,
    ).run(completeSpace);
  }
  db.prepare('INSERT OR IGNORE INTO sync_list (name) VALUES (?)').run(list);
  return { lists: 1, found, moved, unchanged: found - toDo - moved };
}

/** Pages that did not change, but whose attachments differ from the hints. */
function changedFiles(
  db: DatabaseSync,
  list: string,
  { files, whole }: { readonly files: readonly FileHint[]; readonly whole: boolean },
): Set<string> {
  const here = new Map(
    db
      .prepare(
        `SELECT a.id, a.page, a.version FROM attachment a JOIN sync_listed l ON l.id = a.page WHERE l.list = ?`,
      )
      .all(list)
      .map((row) => [row['id'], row]),
  );
  const changed = new Set<string>();
  for (const { id, page, version } of files) {
    const row = here.get(id);
    here.delete(id);
    if (row?.['version'] !== version || row['page'] !== page) changed.add(page);
  }
  if (whole) for (const row of here.values()) changed.add(row['page'] as string);
  const listed = db.prepare('SELECT 1 FROM sync_listed WHERE id = ? AND list = ?');
  return new Set([...changed].filter((page) => listed.get(page, list) !== undefined));
}
