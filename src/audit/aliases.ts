// Pseudonyms: the audit log names a person by an HMAC of their id under a key that belongs to that person alone.
// Once the row with that key is deleted, nothing links the entries to anybody.
import { createHmac, randomBytes } from 'node:crypto';
import type { AliasRow, AliasTable } from '../store/contract-record.ts';
import { bodyOf, type EntryBody } from './entry.ts';
import type { PersonRef, RecordedEvent } from './recorder.ts';

export interface Aliases {
  /** The pseudonym used in entries about this person; created if there is none. undefined if `person` names nobody. */
  of(person: PersonRef): Promise<string | undefined>;
  /** Every pseudonym of this person, including those from before their id was known. Creates none. */
  all(person: PersonRef): Promise<string[]>;
  /** The same, with the person that each pseudonym names. */
  allNamed(person: PersonRef): Promise<Map<string, PersonRef>>;
  /** The person behind a pseudonym; undefined once that has been erased. */
  personOf(alias: string): Promise<PersonRef | undefined>;
  /** Destroys the keys: the entries stay, but nothing links them to the person. @returns how many pseudonyms were removed */
  forget(person: PersonRef): Promise<number>;
}

export function createAliases(table: AliasTable): Aliases {
  async function rowsOf({ id, email }: PersonRef): Promise<AliasRow[]> {
    const address = email === undefined ? undefined : lower(email);
    const [own, ofAddress] = await Promise.all([
      id === undefined ? undefined : table.bySubject(id),
      address === undefined ? [] : table.byEmail(address),
    ]);
    const stored = own?.email === undefined ? undefined : lower(own.email);
    const ofStored = stored === undefined || stored === address ? [] : await table.byEmail(stored);
    const byEmail = [...ofAddress, ...ofStored];
    // The address may belong to somebody else by now, so a known subject takes precedence.
    const others = byEmail.filter((row) => id === undefined || row.subject === undefined);
    return [...new Map([...(own ? [own] : []), ...others].map((row) => [row.alias, row])).values()];
  }

  return {
    async of({ id, email }) {
      const address = email === undefined ? undefined : lower(email);
      if (id === undefined) {
        if (address === undefined) return undefined;
        const known = await table.byEmail(address);
        const people = known.filter((row) => row.subject !== undefined);
        const [only] = people.length === 1 ? people : known.filter((row) => row.subject === undefined);
        return (only ?? (await table.add(newRow(undefined, address)))).alias;
      }
      const row = (await table.bySubject(id)) ?? (await table.add(newRow(id, address)));
      if (address !== undefined && row.email !== address) await table.setEmail(row.alias, address);
      return row.alias;
    },
    all: async (person) => (await rowsOf(person)).map(({ alias }) => alias),
    allNamed: async (person) => new Map((await rowsOf(person)).map((row) => [row.alias, personIn(row)])),
    async personOf(alias) {
      const row = await table.byAlias(alias);
      return row && personIn(row);
    },
    async forget(person) {
      const gone = await Promise.all((await rowsOf(person)).map(({ alias }) => table.remove(alias)));
      return gone.filter(Boolean).length;
    },
  };
}

function personIn({ subject, email }: AliasRow): PersonRef {
  return { ...(subject !== undefined && { id: subject }), ...(email !== undefined && { email }) };
}

function newRow(subject: string | undefined, email: string | undefined): AliasRow {
  const key = randomBytes(32);
  const named = subject ?? `email:${email}`;
  const alias = createHmac('sha256', key).update(named).digest().subarray(0, 16).toString('base64url');
  return {
    alias,
    key: key.toString('hex'),
    ...(subject !== undefined && { subject }),
    ...(email !== undefined && { email }),
  };
}

function lower(email: string): string {
  return email.toLowerCase();
}

/** The entries of waiting events, with people as pseudonyms; each person is looked up once. */
export async function bodiesOf(
  group: readonly { readonly event: RecordedEvent; readonly at: number }[],
  aliases: Pick<Aliases, 'of'>,
): Promise<EntryBody[]> {
  const found = new Map<string, Promise<string | undefined>>();
  const aliasOf = (person: PersonRef | 'terminal' | undefined) => {
    if (person === undefined || person === 'terminal') return Promise.resolve(person);
    const key = JSON.stringify([person.id, person.email]);
    const alias = found.get(key) ?? aliases.of(person);
    found.set(key, alias);
    return alias;
  };
  return Promise.all(
    group.map(async ({ event, at }) => {
      const [who, by] = await Promise.all([aliasOf(event.person), aliasOf(event.by)]);
      return bodyOf(event, at, { who, by });
    }),
  );
}
