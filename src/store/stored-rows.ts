// Copies one store into another: everything it keeps, row by row, for either backend.
import type { Choices, PersonRow, Store, VisitorRow } from './contract.ts';
import type { AliasRow, RecordTable } from './contract-record.ts';
import type { SessionRow } from './contract-sessions.ts';

/** Claims are not included: they last only seconds. The audit log is copied separately, in order. */
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

/** Facts about one particular store: its layout, the servers that use it, and whether it may be used. */
const ownFacts: ReadonlySet<string> = new Set(['schema', 'keys:replicas', 'closed']);
const recordPage = 500;
const abreast = 32;

/** Writes `rows` into a store that has none of them. @returns how many were written. @throws StoreUnavailable */
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
      // Raised, not added: a row can come twice.
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

/** Uses the regular operations, so that no backend needs a special import. */
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
 * Copies the sealed record up to its current head; it may grow meanwhile.
 * @param journal the journal of this data folder; its position at that head is copied too
 * @returns how many entries were copied. @throws StoreUnavailable
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
  // A record whose entries were all pruned still has a head.
  if (count === 0) await target.append(() => ({ rows: [], head }));
  if (journal !== undefined && lines > 0)
    await target.appendOnce({ journal, from: 0, to: lines }, () => ({ rows: [], head }));
  if (anchor !== undefined) await target.prune(seqOf(anchor), anchor);
  return count;
}

/** Both from the same moment: a line that is counted must be in the copy, and one that is not must not be. */
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

/** A visitor's or person's choices, from strings. */
export function choicesFrom(fields: Readonly<Record<string, string>>): Choices {
  const { theme, noticeSeen } = fields;
  return {
    ...(theme && { theme: theme as NonNullable<Choices['theme']> }),
    ...(noticeSeen && { noticeSeen: noticeSeen === 'true' }),
  };
}
