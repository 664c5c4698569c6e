// Pages of everyone's live sessions in SQLite, by keyset pagination over partial indexes.
import type { DatabaseSync } from 'node:sqlite';
import { attempt } from './contract.ts';
import type { SessionPage, SessionQuery, SessionRow } from './contract-sessions.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { prepareSessionList } from './sqlite-session-lists.ts';

export function createSqlitePages(db: DatabaseSync): (query: SessionQuery) => Promise<SessionPage> {
  const newestFirst = (column: 'last_seen_at' | 'created_at') =>
    prepareSessionList(
      db,
      `WHERE ended_at IS NULL AND (${column}, key) < (?, ?) ORDER BY ${column} DESC, key DESC LIMIT ?`,
    );
  const bySeen = newestFirst('last_seen_at');
  const byCreated = newestFirst('created_at');
  const byEmail = prepareSessionList(
    db,
    'WHERE ended_at IS NULL AND (email, key) > (?, ?) AND email < ? ORDER BY email, key LIMIT ?',
  );

  return async ({ sort, emailPrefix, cursor, limit }) => {
    const order = emailPrefix === undefined ? sort : 'email';
    const from =
      cursor === undefined ? undefined : readCursor(cursor, order === 'email' ? 'string' : 'number');
    return attempt(() => {
      const found = select(order, from, emailPrefix ?? '', limit + 1);
      const rows = found.slice(0, limit);
      const last = rows.at(-1);
      return { rows, next: found.length > limit && last ? writeCursor(positionOf(last, order)) : undefined };
    });
  };

  function select(
    order: SessionQuery['sort'],
    from: ReturnType<typeof readCursor> | undefined,
    prefix: string,
    limit: number,
  ) {
    if (order === 'email')
      return byEmail(from?.value ?? prefix, from?.key ?? '', `${prefix}\u{10ffff}`, limit);
    const list = order === 'seen' ? bySeen : byCreated;
    return list(from?.value ?? Number.MAX_SAFE_INTEGER, from?.key ?? '', limit);
  }
}

function positionOf(row: SessionRow, order: SessionQuery['sort']) {
  const value = { seen: row.lastSeenAt, created: row.createdAt, email: row.email }[order];
  return { value, key: row.key };
}
