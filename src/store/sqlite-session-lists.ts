// Reads lists of session rows from SQLite. As arrays: rows as objects cost twice as much, and a person's page has one row for each device.
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import type { PreviousId, SessionEnd, SessionRow } from './contract-sessions.ts';

const columns =
  'key, handle, person_id, email, created_at, last_seen_at, expires_at, id_hash, id_issued_at, data, previous, ended';

/** Prepares a query for sessions. @param rest what follows the table: `WHERE …` */
export function prepareSessionList(
  db: DatabaseSync,
  rest: string,
): (...values: SQLInputValue[]) => SessionRow[] {
  const statement = db.prepare(`SELECT ${columns} FROM session ${rest}`);
  statement.setReturnArrays(true);
  return (...values) => (statement.all(...values) as unknown as Values[]).map(toRow);
}

/** In the order of `columns`. */
type Values = readonly [
  key: string,
  handle: string,
  personId: string,
  email: string,
  createdAt: number,
  lastSeenAt: number,
  expiresAt: number,
  idHash: string,
  idIssuedAt: number,
  data: string,
  previous: string | null,
  ended: string | null,
];

function toRow(values: Values): SessionRow {
  const previous = values[10];
  const ended = values[11];
  const row = {
    key: values[0],
    handle: values[1],
    personId: values[2],
    email: values[3],
    createdAt: values[4],
    lastSeenAt: values[5],
    expiresAt: values[6],
    idHash: values[7],
    idIssuedAt: values[8],
    data: JSON.parse(values[9]) as Record<string, unknown>,
  };
  if (previous === null && ended === null) return row;
  return {
    ...row,
    ...(previous !== null && { previous: JSON.parse(previous) as PreviousId }),
    ...(ended !== null && { ended: JSON.parse(ended) as SessionEnd }),
  };
}
