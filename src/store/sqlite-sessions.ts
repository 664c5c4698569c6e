// Sessions in SQLite. Every write names the state that it expects, so an ended row is never written again (invariant 3).
import type { DatabaseSync } from 'node:sqlite';
import { attempt, merge, type SessionEnd, type SessionRow, type SessionTable } from './contract.ts';

export function createSqliteSessions(db: DatabaseSync): SessionTable {
  const insert = db.prepare(
    `INSERT INTO session (id_hash, handle, person_id, created_at, last_seen_at, expires_at, data)
     VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id_hash) DO NOTHING`,
  );
  const select = db.prepare('SELECT * FROM session WHERE id_hash = ?');
  const setData = db.prepare('UPDATE session SET data = ? WHERE id_hash = ? AND ended_at IS NULL');
  const setLastSeen = db.prepare(
    'UPDATE session SET last_seen_at = max(last_seen_at, ?) WHERE id_hash = ? AND ended_at IS NULL',
  );
  // The data of an ended session is of no use to anybody, and nobody should find it.
  const setEnd = db.prepare(
    `UPDATE session SET ended_at = ?, ended_reason = ?, data = '{}' WHERE id_hash = ? AND ended_at IS NULL`,
  );
  const read = (idHash: string): SessionRow | undefined => {
    const row = select.get(idHash);
    return row && toRow(row);
  };

  return {
    create: (row) =>
      attempt(() => {
        const { idHash, handle, personId, createdAt, lastSeenAt, expiresAt, data } = row;
        const text = JSON.stringify(data);
        return insert.run(idHash, handle, personId, createdAt, lastSeenAt, expiresAt, text).changes === 1;
      }),
    read: (idHash) => attempt(() => read(idHash)),
    update: (idHash, patch) =>
      attempt(() => {
        db.exec('BEGIN IMMEDIATE');
        try {
          const row = read(idHash);
          const changed =
            row !== undefined && setData.run(JSON.stringify(merge(row.data, patch)), idHash).changes === 1;
          db.exec('COMMIT');
          return changed;
        } catch (error) {
          db.exec('ROLLBACK');
          throw error;
        }
      }),
    touch: (idHash, lastSeenAt) => attempt(() => setLastSeen.run(lastSeenAt, idHash).changes === 1),
    end: (idHash, end) => attempt(() => setEnd.run(end.at, end.reason, idHash).changes === 1),
  };
}

function toRow(row: Record<string, unknown>): SessionRow {
  const ended = row['ended_at'] === null ? undefined : { at: row['ended_at'], reason: row['ended_reason'] };
  return {
    idHash: String(row['id_hash']),
    handle: String(row['handle']),
    personId: String(row['person_id']),
    createdAt: Number(row['created_at']),
    lastSeenAt: Number(row['last_seen_at']),
    expiresAt: Number(row['expires_at']),
    data: JSON.parse(String(row['data'])) as Record<string, unknown>,
    ...(ended && { ended: ended as SessionEnd }),
  };
}
