// Visitors, people, claims and notes in SQLite: small rows, each changed in one statement or one transaction.
import type { DatabaseSync } from 'node:sqlite';
import {
  attempt,
  type Choices,
  type ClaimTable,
  merge,
  type NoteTable,
  type PersonTable,
  type SignIn,
  type VisitorTable,
} from './contract.ts';

export function createSqliteVisitors(db: DatabaseSync): VisitorTable {
  const select = db.prepare('SELECT retired, choices FROM visitor WHERE id_hash = ? AND expires_at > ?');
  const upsert = db.prepare(
    `INSERT INTO visitor (id_hash, retired, choices, expires_at) VALUES (?, 0, ?, ?)
     ON CONFLICT (id_hash) DO UPDATE SET choices = json_patch(choices, excluded.choices), expires_at = excluded.expires_at
     WHERE retired = 0`,
  );
  const retire = db.prepare(
    `INSERT INTO visitor (id_hash, retired, choices, expires_at) VALUES (?, 1, '{}', ?)
     ON CONFLICT (id_hash) DO UPDATE SET retired = 1, choices = '{}'`,
  );
  return {
    read: (idHash, now) =>
      attempt(() => {
        const row = select.get(idHash, now);
        if (!row) return undefined;
        if (row['retired'] === 1) return { state: 'retired' } as const;
        return { state: 'live', choices: JSON.parse(String(row['choices'])) as Choices } as const;
      }),
    choose: (idHash, choices, _now, expiresAt) =>
      attempt(() => upsert.run(idHash, JSON.stringify(choices), expiresAt).changes === 1),
    retire: (idHash, _now, expiresAt) =>
      attempt(() => {
        retire.run(idHash, expiresAt);
      }),
  };
}

export function createSqlitePeople(db: DatabaseSync): PersonTable {
  const select = db.prepare('SELECT * FROM person WHERE id = ?');
  const upsert = db.prepare(
    `INSERT INTO person (id, email, choices, last_sign_in) VALUES (?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET
       email = excluded.email, choices = excluded.choices, last_sign_in = excluded.last_sign_in`,
  );
  const selectByEmail = db.prepare('SELECT id FROM person WHERE email = ?');
  const selectAway = db.prepare(
    `SELECT id FROM person WHERE last_sign_in ->> '$.at' < ? ORDER BY last_sign_in ->> '$.at' LIMIT ?`,
  );
  const drop = db.prepare('DELETE FROM person WHERE id = ?');
  const setChoices = db.prepare('UPDATE person SET choices = json_patch(choices, ?) WHERE id = ?');
  const read = (id: string) => {
    const row = select.get(id);
    if (!row) return undefined;
    return {
      id,
      email: String(row['email']),
      choices: JSON.parse(String(row['choices'])) as Choices,
      lastSignIn: JSON.parse(String(row['last_sign_in'])) as SignIn,
    };
  };
  return {
    read: (id) => attempt(() => read(id)),
    signIn: (id, email, signIn, choices) =>
      attempt(() => {
        const before = read(id);
        const kept = merge({ ...choices }, { ...before?.choices });
        upsert.run(id, email, JSON.stringify(kept), JSON.stringify(signIn));
        return before?.lastSignIn;
      }),
    choose: (id, choices) =>
      attempt(() => {
        setChoices.run(JSON.stringify(choices), id);
      }),
    idsOf: (email) => attempt(() => selectByEmail.all(email).map(({ id }) => String(id))),
    awaySince: (before, limit) => attempt(() => selectAway.all(before, limit).map(({ id }) => String(id))),
    remove: (id) =>
      attempt(() => {
        drop.run(id);
      }),
  };
}

export function createSqliteClaims(db: DatabaseSync): ClaimTable {
  // A claim with more time left than a claim of this length can have was made before the clock was set back.
  const isOver = 'expires_at <= ?4 OR expires_at - ?4 > 2 * (?3 - ?4)';
  const take = db.prepare(
    `INSERT INTO claim (key, value, expires_at) VALUES (?1, ?2, ?3)
     ON CONFLICT (key) DO UPDATE SET
       value = iif(${isOver}, excluded.value, value),
       expires_at = iif(${isOver}, excluded.expires_at, expires_at)
     RETURNING value`,
  );
  const drop = db.prepare('DELETE FROM claim WHERE key = ?');
  return {
    claim: (key, value, now, expiresAt) =>
      attempt(() => String(take.get(key, value, expiresAt, now)?.['value'] ?? value)),
    release: (key) =>
      attempt(() => {
        drop.run(key);
      }),
  };
}

export function createSqliteNotes(db: DatabaseSync): NoteTable {
  const put = db.prepare(
    `INSERT INTO note (key, value, expires_at, person_id) VALUES (?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET
       value = excluded.value, expires_at = excluded.expires_at, person_id = excluded.person_id`,
  );
  const select = db.prepare('SELECT value FROM note WHERE key = ? AND expires_at > ?');
  const drop = db.prepare('DELETE FROM note WHERE key = ?');
  const selectOf = db.prepare('SELECT key, value FROM note WHERE person_id = ? AND expires_at > ?');
  const dropOf = db.prepare('DELETE FROM note WHERE person_id = ?');
  const write: NoteTable['write'] = (key, value, expiresAt, personId) =>
    attempt(() => {
      put.run(key, JSON.stringify(value), expiresAt, personId ?? null);
    });
  return {
    write,
    writeEnding: write,
    read: (key, now) =>
      attempt(() => {
        const row = select.get(key, now);
        return row && (JSON.parse(String(row['value'])) as unknown);
      }),
    remove: (key) =>
      attempt(() => {
        drop.run(key);
      }),
    ofPerson: (personId, now) =>
      attempt(() =>
        selectOf.all(personId, now).map(({ key, value }) => ({
          key: String(key),
          value: JSON.parse(String(value)) as unknown,
        })),
      ),
    forgetPerson: (personId) =>
      attempt(() => {
        dropOf.run(personId);
      }),
  };
}
