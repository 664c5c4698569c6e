// Sessions in SQLite. Every write is conditional on the state it expects, so an ended row is never written again (invariant 3).
import type { DatabaseSync } from 'node:sqlite';
import { attempt, merge } from './contract.ts';
import type { PreviousId, SessionEnd, SessionRow, SessionTable } from './contract-sessions.ts';
import { createSqlitePages } from './sqlite-pages.ts';
import { prepareSessionList } from './sqlite-session-lists.ts';

/**
 * @param quick a connection that does not wait for the disk: for writes that may be lost in a power cut
 * @param reader a connection that cannot write
 */
export function createSqliteSessions(
  db: DatabaseSync,
  quick: DatabaseSync,
  reader: DatabaseSync,
): SessionTable {
  const insert = db.prepare(
    `INSERT INTO session
       (key, handle, person_id, email, created_at, last_seen_at, expires_at, id_hash, id_issued_at, data)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`,
  );
  const select = db.prepare('SELECT * FROM session WHERE key = ?');
  const selectByHandle = db.prepare('SELECT * FROM session WHERE handle = ?');
  const listByPerson = prepareSessionList(
    db,
    'WHERE person_id = ? AND ended_at IS NULL AND expires_at > ? ORDER BY created_at DESC',
  );
  const listRows = prepareSessionList(db, 'WHERE person_id = ? ORDER BY created_at DESC');
  const forget = db.prepare('DELETE FROM session WHERE person_id = ?');
  const countLive = db.prepare('SELECT count FROM live_sessions');
  const setData = db.prepare('UPDATE session SET data = ? WHERE key = ? AND ended_at IS NULL');
  const setLastSeen = quick.prepare(
    'UPDATE session SET last_seen_at = max(last_seen_at, ?) WHERE key = ? AND ended_at IS NULL',
  );
  const setId = db.prepare(
    `UPDATE session SET id_hash = ?, id_issued_at = ?, previous = ?
     WHERE key = ? AND id_hash = ? AND ended_at IS NULL`,
  );
  const setSeen = db.prepare(
    `UPDATE session SET previous = json_set(previous, '$.successorSeenAt', ?)
     WHERE key = ? AND id_hash = ? AND ended_at IS NULL AND previous ->> '$.successorSeenAt' IS NULL`,
  );
  // Clears `data`: nobody needs the data of an ended session, and nobody should find it.
  const setEnd = db.prepare(
    `UPDATE session SET ended_at = ?, ended = ?, data = '{}' WHERE key = ? AND ended_at IS NULL`,
  );
  const begin = reader.prepare('BEGIN');
  const commit = reader.prepare('COMMIT');
  const selectOne = reader.prepare('SELECT * FROM session WHERE key = ?');
  const selectNote = reader.prepare('SELECT value FROM note WHERE key = ? AND expires_at > ?');
  const read = (key: string): SessionRow | undefined => {
    const row = select.get(key);
    return row && toRow(row);
  };

  return {
    create: (row) =>
      attempt(() => {
        const { key, handle, personId, email, createdAt, lastSeenAt, expiresAt, idHash, idIssuedAt } = row;
        const data = JSON.stringify(row.data);
        const values = [
          key,
          handle,
          personId,
          email,
          createdAt,
          lastSeenAt,
          expiresAt,
          idHash,
          idIssuedAt,
          data,
        ];
        return insert.run(...values).changes === 1;
      }),
    read: (key) => attempt(() => read(key)),
    readMany: (keys, noteNames, now) =>
      attempt(() => {
        // One snapshot, taken by the first read: commits of all connections before it are seen.
        begin.run();
        try {
          return {
            rows: keys.map((key) => {
              const row = selectOne.get(key);
              return row && toRow(row);
            }),
            notes: noteNames.map((name) => {
              const row = selectNote.get(name, now);
              return row && (JSON.parse(String(row['value'])) as unknown);
            }),
          };
        } finally {
          commit.run();
        }
      }),
    update: (key, patch) =>
      attempt(() => {
        db.exec('BEGIN IMMEDIATE');
        try {
          const row = read(key);
          const changed =
            row !== undefined && setData.run(JSON.stringify(merge(row.data, patch)), key).changes === 1;
          db.exec('COMMIT');
          return changed;
        } catch (error) {
          // A full disk has already rolled it back: a second ROLLBACK would fail and hide the reason.
          if (db.isTransaction) db.exec('ROLLBACK');
          throw error;
        }
      }),
    touch: (key, lastSeenAt) => attempt(() => setLastSeen.run(lastSeenAt, key).changes === 1),
    rotate: (key, { fromHash, toHash, salt, at }) =>
      attempt(() => {
        const previous: PreviousId = { idHash: fromHash, salt };
        return setId.run(toHash, at, JSON.stringify(previous), key, fromHash).changes === 1;
      }),
    successorSeen: (key, idHash, at) =>
      attempt(() => {
        setSeen.run(at, key, idHash);
      }),
    end: (key, end) => attempt(() => setEnd.run(end.at, JSON.stringify(end), key).changes === 1),
    findByHandle: (handle) =>
      attempt(() => {
        const row = selectByHandle.get(handle);
        return row && toRow(row);
      }),
    ofPerson: (personId, now) => attempt(() => listByPerson(personId, now)),
    page: createSqlitePages(db),
    countLive: () => attempt(() => Number(countLive.get()?.['count'] ?? 0)),
    rowsOf: (personId) => attempt(() => listRows(personId)),
    forgetPerson: (personId) =>
      attempt(() => {
        forget.run(personId);
      }),
  };
}

export function toRow(row: Readonly<Record<string, unknown>>): SessionRow {
  const { previous, ended } = row;
  return {
    key: String(row['key']),
    handle: String(row['handle']),
    personId: String(row['person_id']),
    email: String(row['email']),
    createdAt: Number(row['created_at']),
    lastSeenAt: Number(row['last_seen_at']),
    expiresAt: Number(row['expires_at']),
    idHash: String(row['id_hash']),
    idIssuedAt: Number(row['id_issued_at']),
    data: JSON.parse(String(row['data'])) as Record<string, unknown>,
    ...(typeof previous === 'string' && { previous: JSON.parse(previous) as PreviousId }),
    ...(typeof ended === 'string' && { ended: JSON.parse(ended) as SessionEnd }),
  };
}
