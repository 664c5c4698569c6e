// Ends sessions, at the gate and here, for every reason there is; noted before (invariant 8). The gate is marked first: an ending that fails halfway is
// refused there already, and the next try finds all it needs (invariant 3). Neither an unreachable gate, nor a record that cannot be written, nor a
// store that takes no change refuses an ending: what could not be done is done as soon as it can be.
import type { Follows } from '../../../views/follows.ts';
import type { Noted, PersonRef, RevocationRecorder } from '../../audit/recorder.ts';
import {
  type EndReason,
  type SessionEnd,
  type SessionRow,
  type SessionTable,
  StoreUnavailable,
} from '../../store/contract.ts';
import type { Finish, PendingRevocations } from './pending.ts';

/** How an ending went at the gate, as it stands now. */
export interface GateReceipt {
  readonly endedAt: number;
  readonly gate: 'ended' | 'nothing to end' | 'unreachable' | 'refused here' | 'unknown';
  /** When a later look found nothing any more; absent: not looked again yet. */
  readonly verifiedAt?: number;
  /** How often a refresh in flight had written the session back. */
  readonly writtenBack: number;
  /** The store took no mark, so what the gate still lets in is not refused here yet. */
  readonly unmarked?: true;
}

export type { Follows };

/** What sessions needs of the gate. */
export interface GateEnds {
  end(target: { readonly handle: string; readonly link?: unknown }): Promise<GateReceipt>;
  endPerson(
    personId: string,
    targets: readonly { readonly handle: string; readonly link?: unknown }[],
  ): Promise<GateReceipt[]>;
  receiptOf(handle: string): Promise<GateReceipt | undefined>;
}

export interface Ended {
  readonly handle: string;
  /** False: it was over already. */
  readonly endedNow: boolean;
  readonly receipt: GateReceipt;
  readonly follows?: Follows;
}

/** Whoever ends a session from the desk or from the terminal. */
export type EndedBy = { readonly id: string; readonly email: string } | 'terminal';

/** Why, and by whom; `by` is absent where a rule ends it. */
export interface EndOrder {
  readonly reason: EndReason;
  readonly by?: EndedBy;
  /** What differed, where a change of surroundings ends it. */
  readonly changes?: readonly string[];
}

export interface Revocation {
  one(row: SessionRow, order: EndOrder): Promise<Ended>;
  /** All live sessions of a person but the one kept under `exceptKey`. */
  others(personId: string, exceptKey: string, order: EndOrder): Promise<Ended[]>;
  /** All live sessions of a person; at the gate also those that the house never saw. */
  person(personId: string, order: EndOrder): Promise<Ended[]>;
  /** Everyone's but the one kept under `exceptKey`. @returns how many ended, and the worst of what is still to come. */
  everyone(
    order: EndOrder,
    exceptKey: string | undefined,
  ): Promise<{ readonly count: number; readonly follows?: Follows }>;
  /** Ends a session here alone, without a word to the gate; the caller tells the record. @returns whether this call ended it */
  here(key: string, end: SessionEnd): Promise<boolean>;
  /** Ends the session under `key` as soon as the store takes changes: for when not even its row can be read. */
  unread(key: string, order: EndOrder & { readonly person: PersonRef }): Promise<void>;
  /** Does what an ending could not do. */
  readonly finish: Finish;
  receiptOf(handle: string): Promise<GateReceipt | undefined>;
}

export interface RevocationOptions {
  readonly sessions: SessionTable;
  readonly gate: GateEnds;
  readonly now: () => number;
  readonly recorder: RevocationRecorder;
  readonly pendingRevocations: Pick<PendingRevocations, 'add'>;
  /** The record's pseudonym of a person. */
  readonly pseudonymOf: (person: PersonRef) => Promise<string | undefined>;
}

const batch = 20;

export function createRevocation(options: RevocationOptions): Revocation {
  const { sessions, gate, now, recorder, pendingRevocations, pseudonymOf } = options;

  /** Before anything ends, here or at the gate (invariant 8). */
  async function note(row: SessionRow, { reason, by, changes }: EndOrder): Promise<Noted> {
    if (row.ended) return 'recorded';
    const person: PersonRef = { id: row.personId, email: row.email };
    const isOwn = by === undefined || (by !== 'terminal' && by.id === row.personId);
    return recorder.writeEnding({
      event: 'session.revoked',
      person,
      reason,
      session: row.handle,
      ...(!isOwn && { by }),
      ...(changes !== undefined && { facts: { changes: changes.join(', ') } }),
    });
  }

  async function endOf(order: EndOrder, tie: unknown): Promise<SessionEnd> {
    const { reason, by, changes } = order;
    // Where the store gives no pseudonym, the record still says who it was.
    const doer = by === undefined || by === 'terminal' ? by : await pseudonymOf(by).catch(() => undefined);
    return {
      at: now(),
      reason,
      ...(doer !== undefined && { by: doer }),
      ...(changes !== undefined && { changes }),
      ...(tie !== undefined && { gate: tie }),
    };
  }

  async function endHere(row: SessionRow, order: EndOrder): Promise<{ endedNow: boolean; isLate: boolean }> {
    if (row.ended) return { endedNow: false, isLate: false };
    return endKey(row.key, await endOf(order, row.data['gate']));
  }

  async function endKey(key: string, end: SessionEnd): Promise<{ endedNow: boolean; isLate: boolean }> {
    try {
      return { endedNow: await sessions.end(key, end), isLate: false };
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      await pendingRevocations.add({ key, end });
      return { endedNow: true, isLate: true };
    }
  }
  const targetOf = (row: SessionRow) => ({ handle: row.handle, link: row.data['gate'] ?? row.ended?.gate });

  async function ended(row: SessionRow, order: EndOrder, receipt: GateReceipt, noted: Noted): Promise<Ended> {
    const { endedNow, isLate } = await endHere(row, order);
    if (receipt.unmarked && !isLate)
      await pendingRevocations.add({ key: row.key, end: await endOf(order, row.data['gate']) });
    const follows = isLate || receipt.unmarked ? 'row' : noted === 'follows' ? 'note' : undefined;
    return { handle: row.handle, endedNow, receipt, ...(follows && { follows }) };
  }

  async function one(row: SessionRow, order: EndOrder): Promise<Ended> {
    const noted = await note(row, order);
    const before = await gate.receiptOf(row.handle).catch(() => undefined);
    return ended(row, order, before ?? (await gate.end(targetOf(row))), noted);
  }

  return {
    one,
    others: async (personId, exceptKey, order) => {
      const rows = await sessions.ofPerson(personId, now());
      return Promise.all(rows.filter((row) => row.key !== exceptKey).map((row) => one(row, order)));
    },
    async person(personId, order) {
      const rows = await sessions.ofPerson(personId, now());
      const noted = await Promise.all(rows.map((row) => note(row, order)));
      const receipts = await gate.endPerson(personId, rows.map(targetOf));
      if (receipts.some(({ unmarked }) => unmarked)) await pendingRevocations.add({ personId });
      const all = rows.map(async (row, i) => {
        const [receipt, told] = [receipts[i], noted[i]];
        return receipt && told ? [await ended(row, order, receipt, told)] : [];
      });
      return (await Promise.all(all)).flat();
    },
    async everyone(order, exceptKey) {
      let count = 0;
      const following = new Set<Follows | undefined>();
      for (let cursor: string | undefined, more = true; more; ) {
        const page = await sessions.page({
          sort: 'email',
          limit: batch,
          ...(cursor !== undefined && { cursor }),
        });
        const rows = page.rows.filter((row) => row.key !== exceptKey);
        // Others are served in between: the record writes in turns of its own.
        const done = await Promise.all(rows.map((row) => one(row, order)));
        count += done.filter(({ endedNow }) => endedNow).length;
        for (const { follows } of done) following.add(follows);
        cursor = page.next;
        more = cursor !== undefined;
      }
      const follows = worst([...following]);
      return { count, ...(follows && { follows }) };
    },
    here: async (key, end) => (await endKey(key, end)).endedNow,
    async unread(key, { person, ...order }) {
      await recorder.writeEnding({ event: 'session.revoked', person, reason: order.reason });
      await pendingRevocations.add({ key, end: await endOf(order, undefined) });
    },
    async finish(item, table) {
      if ('personId' in item) {
        await gate.endPerson(item.personId, []);
        return;
      }
      const row = await table.read(item.key);
      if (!row) return;
      const receipt = await gate.end(targetOf(row));
      if (receipt.unmarked) throw new StoreUnavailable(new Error('the gate could not be marked'));
      const tie = row.data['gate'];
      if (!row.ended) await table.end(item.key, { ...item.end, ...(tie !== undefined && { gate: tie }) });
    },
    receiptOf: gate.receiptOf,
  };
}

/** What a page says of several endings together. */
export function worst(follows: readonly (Follows | undefined)[]): Follows | undefined {
  return follows.includes('row') ? 'row' : follows.includes('note') ? 'note' : undefined;
}
