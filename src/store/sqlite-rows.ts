// Reads everything in an SQLite file, table by table, as one consistent snapshot.
import type { DatabaseSync } from 'node:sqlite';
import type { Choices, SignIn } from './contract.ts';
import { toRow } from './sqlite-sessions.ts';
import type { StoredRow } from './stored-rows.ts';

type Values = Readonly<Record<string, unknown>>;

const tables: readonly (readonly [sql: string, read: (row: Values) => StoredRow])[] = [
  ['SELECT * FROM session', (row) => ({ table: 'session', row: toRow(row) })],
  [
    'SELECT * FROM visitor',
    (row) => ({
      table: 'visitor',
      idHash: String(row['id_hash']),
      row:
        row['retired'] === 1
          ? { state: 'retired' }
          : { state: 'live', choices: JSON.parse(String(row['choices'])) as Choices },
      expiresAt: Number(row['expires_at']),
    }),
  ],
  [
    'SELECT * FROM person',
    (row) => ({
      table: 'person',
      row: {
        id: String(row['id']),
        email: String(row['email']),
        choices: JSON.parse(String(row['choices'])) as Choices,
        lastSignIn: JSON.parse(String(row['last_sign_in'])) as SignIn,
      },
    }),
  ],
  [
    'SELECT * FROM note',
    (row) => ({
      table: 'note',
      key: String(row['key']),
      value: JSON.parse(String(row['value'])) as unknown,
      expiresAt: Number(row['expires_at']),
      personId: typeof row['person_id'] === 'string' ? row['person_id'] : undefined,
    }),
  ],
  [
    `SELECT day, max(expires_at) AS expires_at, json_group_object(name, n) AS counts FROM counter GROUP BY day`,
    (row) => ({
      table: 'counter',
      day: String(row['day']),
      counts: JSON.parse(String(row['counts'])) as Record<string, number>,
      expiresAt: Number(row['expires_at']),
    }),
  ],
  [
    'SELECT * FROM alias ORDER BY rowid',
    ({ alias, key, subject, email }) => ({
      table: 'alias',
      row: {
        alias: String(alias),
        key: String(key),
        ...(typeof subject === 'string' && { subject }),
        ...(typeof email === 'string' && { email }),
      },
    }),
  ],
  [
    'SELECT name, value FROM store_fact',
    ({ name, value }) => ({ table: 'fact', name: String(name), value: String(value) }),
  ],
];

/** @param db must have the newest layout; nothing else may use it until the last row has been read */
export async function* rowsOfSqlite(db: DatabaseSync): AsyncGenerator<StoredRow> {
  db.exec('BEGIN');
  try {
    for (const [sql, read] of tables) for (const row of db.prepare(sql).iterate()) yield read(row);
  } finally {
    db.exec('COMMIT');
  }
}
