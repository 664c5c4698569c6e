// Daily counters in SQLite: one transaction per batch, so that a batch is counted completely or not at all.
import type { DatabaseSync } from 'node:sqlite';
import { attempt, type CounterTable } from './contract.ts';

export function createSqliteCounters(db: DatabaseSync): CounterTable {
  // One statement for the whole batch is a transaction of its own, without BEGIN and COMMIT.
  const add = db.prepare(
    `INSERT INTO counter (day, name, n, expires_at) SELECT ?, key, value, ? FROM json_each(?) WHERE true
     ON CONFLICT (day, name) DO UPDATE SET n = n + excluded.n, expires_at = excluded.expires_at`,
  );
  const raise = db.prepare(
    `INSERT INTO counter (day, name, n, expires_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (day, name) DO UPDATE SET n = max(n, excluded.n), expires_at = excluded.expires_at`,
  );
  const select = db.prepare('SELECT name, n FROM counter WHERE day = ?');
  return {
    add: (day, counts, expiresAt) =>
      attempt(() => {
        add.run(day, expiresAt, JSON.stringify(counts));
      }),
    raise: (day, name, n, expiresAt) =>
      attempt(() => {
        raise.run(day, name, n, expiresAt);
      }),
    read: (days) =>
      attempt(() =>
        days.map((day) =>
          Object.fromEntries(select.all(day).map((row) => [String(row['name']), Number(row['n'])])),
        ),
      ),
  };
}
