// The audit log and its pseudonyms in SQLite. Indexed fields are extracted from the sealed text, so they cannot differ from it.
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { attempt } from './contract.ts';
import type {
  AliasRow,
  AliasTable,
  RecordAddition,
  RecordEnd,
  RecordName,
  RecordRow,
  RecordTable,
} from './contract-record.ts';
import type { WriteLock } from './sqlite-lock.ts';

export const recordSchema = `
  CREATE TABLE IF NOT EXISTS record (
    seq INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    prev TEXT NOT NULL,
    mac TEXT NOT NULL,
    event TEXT AS (text ->> '$.event') VIRTUAL,
    who TEXT AS (text ->> '$.who') VIRTUAL,
    by_whom TEXT AS (text ->> '$.by') VIRTUAL,
    session TEXT AS (text ->> '$.session') VIRTUAL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS record_by_event ON record (event, seq);
  CREATE INDEX IF NOT EXISTS record_by_person ON record (who, seq) WHERE who IS NOT NULL;
  CREATE INDEX IF NOT EXISTS record_by_doer ON record (by_whom, seq) WHERE by_whom IS NOT NULL;
  CREATE INDEX IF NOT EXISTS record_by_session ON record (session, seq) WHERE session IS NOT NULL;
  CREATE TABLE IF NOT EXISTS record_mark (name TEXT NOT NULL UNIQUE, text TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS alias (
    alias TEXT NOT NULL UNIQUE,
    key TEXT NOT NULL,
    subject TEXT UNIQUE,
    email TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS alias_by_email ON alias (email);
  CREATE UNIQUE INDEX IF NOT EXISTS alias_of_address ON alias (email) WHERE subject IS NULL;
`;

const columns: Record<RecordName, string> = {
  who: 'who',
  by: 'by_whom',
  event: 'event',
  session: 'session',
};
const pruneBatch = 200;

export function createSqliteRecord(db: DatabaseSync, locked: WriteLock): RecordTable {
  const insert = db.prepare('INSERT INTO record (seq, text, prev, mac) VALUES (?, ?, ?, ?)');
  const selectMark = db.prepare('SELECT text FROM record_mark WHERE name = ?');
  const setHead = db.prepare(
    `INSERT INTO record_mark (name, text) VALUES ('head', ?) ON CONFLICT (name) DO UPDATE SET text = excluded.text`,
  );
  // Another replica may have pruned more meanwhile.
  const setAnchor = db.prepare(
    `INSERT INTO record_mark (name, text) VALUES ('anchor', ?) ON CONFLICT (name) DO UPDATE SET text = excluded.text
     WHERE excluded.text ->> '$.seq' > text ->> '$.seq'`,
  );
  const selectLast = db.prepare('SELECT seq, text, prev, mac FROM record ORDER BY seq DESC LIMIT 1');
  const selectAfter = db.prepare(
    'SELECT seq, text, prev, mac FROM record WHERE seq > ? ORDER BY seq LIMIT ?',
  );
  const selectBefore = db.prepare(
    'SELECT seq, text, prev, mac FROM record WHERE seq < ? ORDER BY seq DESC LIMIT ?',
  );
  const selectNamed = Object.fromEntries(
    Object.entries(columns).map(([name, column]) => [
      name,
      db.prepare(
        `SELECT seq, text, prev, mac FROM record WHERE ${column} = ? AND seq < ? ORDER BY seq DESC LIMIT ?`,
      ),
    ]),
  ) as Record<RecordName, ReturnType<DatabaseSync['prepare']>>;
  const drop = db.prepare(
    `DELETE FROM record WHERE seq IN (SELECT seq FROM record WHERE seq <= ? ORDER BY seq LIMIT ${pruneBatch})`,
  );

  const setJournal = db.prepare(
    'INSERT INTO record_mark (name, text) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET text = excluded.text',
  );
  const dropMark = db.prepare('DELETE FROM record_mark WHERE name = ?');

  const mark = (name: 'head' | 'anchor' | `journal:${string}`) => {
    const text = selectMark.get(name)?.['text'];
    return typeof text === 'string' ? text : undefined;
  };
  const readLast = () => {
    const last = selectLast.get();
    return last ? toRow(last) : null;
  };

  /** Call it only inside a transaction. */
  function append(seal: (end: RecordEnd) => RecordAddition | undefined): RecordAddition {
    const head = mark('head');
    const last = readLast();
    const blind = seal({ head });
    // Only a writer other than this program can put an entry beyond the head.
    const isFree = (blind?.rows[0]?.seq ?? 0) > (last?.seq ?? 0);
    const addition = blind && isFree ? blind : seal({ head, last });
    if (!addition) throw new Error('nothing was sealed');
    for (const { seq, text, prev, mac } of addition.rows) insert.run(seq, text, prev, mac);
    setHead.run(addition.head);
    return addition;
  }
  const journaled = (journal: string) => Number(mark(`journal:${journal}`) ?? 0);

  return {
    append: (seal) => attempt(() => locked(() => append(seal))),
    appendOnce: ({ journal, from, to }, seal) =>
      attempt(() =>
        locked(() => {
          if (journaled(journal) !== from) return undefined;
          const addition = append(seal);
          setJournal.run(`journal:${journal}`, String(to));
          return addition;
        }),
      ),
    journaled: (journal) => attempt(() => journaled(journal)),
    dropJournal: (journal) =>
      attempt(async () => {
        await locked(() => dropMark.run(`journal:${journal}`));
      }),
    head: () => attempt(() => mark('head')),
    anchor: () => attempt(() => mark('anchor')),
    after: (seq, limit) => attempt(() => selectAfter.all(seq, limit).map(toRow)),
    before: (seq, limit, name) =>
      attempt(() => {
        const rows = name ? selectNamed[name[0]].all(name[1], seq, limit) : selectBefore.all(seq, limit);
        return rows.map(toRow);
      }),
    prune: (seq, anchor) =>
      attempt(async () => {
        let total = 0;
        // Writes the anchor first: entries before it count as removed, wherever this is interrupted.
        await locked(() => setAnchor.run(anchor));
        for (let gone = pruneBatch; gone === pruneBatch; total += gone) {
          gone = await locked(() => Number(drop.run(seq).changes));
          await nextTurn();
        }
        return total;
      }),
  };
}

export function createSqliteAliases(db: DatabaseSync, locked: WriteLock): AliasTable {
  const insert = db.prepare(
    'INSERT INTO alias (alias, key, subject, email) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const selectSubject = db.prepare('SELECT * FROM alias WHERE subject = ?');
  const selectEmail = db.prepare('SELECT * FROM alias WHERE email = ? ORDER BY rowid');
  const selectAddress = db.prepare('SELECT * FROM alias WHERE email = ? AND subject IS NULL');
  const selectAlias = db.prepare('SELECT * FROM alias WHERE alias = ?');
  const update = db.prepare('UPDATE alias SET email = ? WHERE alias = ?');
  const drop = db.prepare('DELETE FROM alias WHERE alias = ?');
  return {
    add: (row) =>
      attempt(() =>
        locked(() => {
          const { alias, key, subject, email } = row;
          insert.run(alias, key, subject ?? null, email ?? null);
          const kept = subject === undefined ? selectAddress.get(email ?? null) : selectSubject.get(subject);
          return kept ? toAlias(kept) : row;
        }),
      ),
    bySubject: (subject) => attempt(() => optional(selectSubject.get(subject))),
    byEmail: (email) => attempt(() => selectEmail.all(email).map(toAlias)),
    byAlias: (alias) => attempt(() => optional(selectAlias.get(alias))),
    setEmail: (alias, email) =>
      attempt(async () => {
        await locked(() => update.run(email, alias));
      }),
    remove: (alias) => attempt(() => locked(() => drop.run(alias).changes === 1)),
  };
}

function optional(row: Record<string, unknown> | undefined): AliasRow | undefined {
  return row && toAlias(row);
}

function toAlias(row: Record<string, unknown>): AliasRow {
  const { alias, key, subject, email } = row;
  return {
    alias: String(alias),
    key: String(key),
    ...(typeof subject === 'string' && { subject }),
    ...(typeof email === 'string' && { email }),
  };
}

function toRow(row: Record<string, unknown>): RecordRow {
  return {
    seq: Number(row['seq']),
    text: String(row['text']),
    prev: String(row['prev']),
    mac: String(row['mac']),
  };
}
