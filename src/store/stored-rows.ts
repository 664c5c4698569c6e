// Everything that a store keeps, row by row and whichever backend it is: how one store is copied into another one.
import type { AliasRow, Choices, PersonRow, RecordTable, SessionRow, Store, VisitorRow } from './contract.ts';

/** Claims are not among them: they are agreements of seconds. The record is copied by itself, in its order. */
export type StoredRow =
  | { readonly table: 'session'; readonly row: SessionRow }
  | {
      readonly table: 'visitor';
      readonly idHash: string;
      readonly row: VisitorRow;
      readonly expiresAt: number;
    }
  | { readonly table: 'person'; readonly row: PersonRow }
  | {
      readonly table: 'note';
      readonly key: string;
      readonly value: unknown;
      readonly expiresAt: number;
      readonly personId: string | undefined;
    }
  | {
      readonly table: 'counter';
      readonly day: string;
      readonly counts: Readonly<Record<string, number>>;
      readonly expiresAt: number;
    }
  | { readonly table: 'alias'; readonly row: AliasRow }
  | { readonly table: 'fact'; readonly name: string; readonly value: string };

/** Facts that are about one store alone: its layout, which servers use it, and whether it is in use at all. */
const ownFacts: ReadonlySet<string> = new Set(['schema', 'keys:replicas', 'closed']);
const recordPage = 500;
const abreast = 32;

/** Writes `rows` into a store that has none of them. @returns how many. @throws StoreUnavailable */
export async function loadRows(target: Store, rows: AsyncIterable<StoredRow>): Promise<number> {
  let count = 0;
  let group: Promise<void>[] = [];
  for await (const row of rows) {
    count += 1;
    group.push(loadRow(target, row));
    if (group.length < abreast) continue;
    await Promise.all(group);
    group = [];
  }
  await Promise.all(group);
  return count;
}

async function loadRow(target: Store, stored: StoredRow): Promise<void> {
  switch (stored.table) {
    case 'session':
      return loadSession(target, stored.row);
    case 'visitor': {
      const { idHash, row, expiresAt } = stored;
      if (row.state === 'retired') await target.visitors.retire(idHash, 0, expiresAt);
      else await target.visitors.choose(idHash, row.choices, 0, expiresAt);
      return;
    }
    case 'person': {
      const { id, email, lastSignIn, choices } = stored.row;
      await target.people.signIn(id, email, lastSignIn, choices);
      return;
    }
    case 'note':
      return target.notes.write(stored.key, stored.value, stored.expiresAt, stored.personId);
    case 'counter':
      // Not added: a row can come twice.
      for (const [name, n] of Object.entries(stored.counts))
        await target.counters.raise(stored.day, name, n, stored.expiresAt);
      return;
    case 'alias':
      await target.aliases.add(stored.row);
      return;
    case 'fact':
      if (!ownFacts.has(stored.name)) await target.facts.create(stored.name, stored.value);
  }
}

/** By the same steps that made it, so that no backend needs another way in. */
async function loadSession({ sessions }: Store, { ended, previous, ...row }: SessionRow): Promise<void> {
  if (!previous) {
    await sessions.create(row);
  } else {
    await sessions.create({ ...row, idHash: previous.idHash });
    const { idHash: toHash, idIssuedAt: at } = row;
    await sessions.rotate(row.key, { fromHash: previous.idHash, toHash, salt: previous.salt, at });
    if (previous.successorSeenAt !== undefined)
      await sessions.successorSeen(row.key, toHash, previous.successorSeenAt);
  }
  if (ended) await sessions.end(row.key, ended);
}

/**
 * Copies the record as it is sealed, up to its head at this moment; it can grow meanwhile.
 * @param journal of this data folder: how far it had come into the record at that head is copied too
 * @returns how many entries. @throws StoreUnavailable
 */
export async function copyRecord(
  source: RecordTable,
  target: RecordTable,
  journal?: string,
): Promise<number> {
  const { head, lines } = await headWith(source, journal);
  if (head === undefined) return 0;
  const anchor = await source.anchor();
  const last = seqOf(head);
  let count = 0;
  for (let seq = anchor === undefined ? 0 : seqOf(anchor); seq < last; ) {
    const rows = (await source.after(seq, recordPage)).filter((row) => row.seq <= last);
    const end = rows.at(-1);
    if (!end) break;
    await target.append(() => ({ rows, head }));
    count += rows.length;
    seq = end.seq;
  }
  // A record of which all was removed after its time still has its end.
  if (count === 0) await target.append(() => ({ rows: [], head }));
  if (journal !== undefined && lines > 0)
    await target.appendOnce({ journal, from: 0, to: lines }, () => ({ rows: [], head }));
  if (anchor !== undefined) await target.prune(seqOf(anchor), anchor);
  return count;
}

/** The two as one instant had them: a line that is counted must be in the copy, and one that is not must not be. */
async function headWith(source: RecordTable, journal: string | undefined) {
  const count = async () => (journal === undefined ? 0 : source.journaled(journal));
  for (let lines = await count(); ; ) {
    const head = await source.head();
    const now = await count();
    if (now === lines) return { head, lines };
    lines = now;
  }
}

const seqOf = (mark: string) => (JSON.parse(mark) as { readonly seq: number }).seq;

/** What a visitor or person chose, from texts. */
export function choicesFrom(fields: Readonly<Record<string, string>>): Choices {
  const { theme, noticeSeen } = fields;
  return {
    ...(theme && { theme: theme as NonNullable<Choices['theme']> }),
    ...(noticeSeen && { noticeSeen: noticeSeen === 'true' }),
  };
}
