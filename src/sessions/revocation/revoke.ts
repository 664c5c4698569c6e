// Ends sessions, at the gate and in Gatehouse, and records it first (invariant 8). The gate's session is marked first: if a revocation
// fails halfway, the session is already refused there, and the next attempt has all it needs (invariant 3). A revocation is never rejected
// because the gate is unreachable, the audit log cannot be written or the store accepts no writes: whatever failed is done as soon as
// possible.
import type { Follows } from '../../../views/parts.ts';
import type { Noted, PersonRef, RevocationRecorder } from '../../audit/recorder.ts';
import type { GateReceipt } from '../../gate/revocation.ts';
import { StoreUnavailable } from '../../store/contract.ts';
import type { EndReason, SessionEnd, SessionRow, SessionTable } from '../../store/contract-sessions.ts';
import type { Finish, PendingRevocations } from './pending.ts';

export type { Follows, GateReceipt };

/** What this module needs from the gate. */
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
  /** False: it had already ended. */
  readonly endedNow: boolean;
  readonly receipt: GateReceipt;
  readonly follows?: Follows;
}

/** Who ends a session: a person on the dashboard, or the terminal. */
export type EndedBy = { readonly id: string; readonly email: string } | 'terminal';

/** Why and by whom a session is ended; `by` is absent if a rule ends it. */
export interface EndOrder {
  readonly reason: EndReason;
  readonly by?: EndedBy;
  /** What differed, if the binding check ends it. */
  readonly changes?: readonly string[];
}

export interface Revocation {
  one(row: SessionRow, order: EndOrder): Promise<Ended>;
  /** All live sessions of a person except the one stored under `exceptKey`. */
  others(personId: string, exceptKey: string, order: EndOrder): Promise<Ended[]>;
  /** All live sessions of a person; at the gate, also those that Gatehouse never saw. */
  person(personId: string, order: EndOrder): Promise<Ended[]>;
  /** Everyone's except the one stored under `exceptKey`. @returns how many ended, and what is still to be done */
  everyone(
    order: EndOrder,
    exceptKey: string | undefined,
  ): Promise<{ readonly count: number; readonly follows?: Follows }>;
  /** Ends a session only in Gatehouse, not at the gate; the caller records it. @returns whether this call ended it */
  here(key: string, end: SessionEnd): Promise<boolean>;
  /** Ends the session under `key` as soon as the store accepts writes, for when its row cannot even be read. */
  unread(key: string, order: EndOrder & { readonly person: PersonRef }): Promise<void>;
  /** Completes a pending revocation. */
  readonly finish: Finish;
  receiptOf(handle: string): Promise<GateReceipt | undefined>;
}

export interface RevocationOptions {
  readonly sessions: SessionTable;
  readonly gate: GateEnds;
  readonly now: () => number;
  readonly recorder: RevocationRecorder;
  readonly pendingRevocations: Pick<PendingRevocations, 'add'>;
  /** A person's pseudonym in the audit log. */
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

  async function endOf(order: EndOrder, gateLink: unknown): Promise<SessionEnd> {
    const { reason, by, changes } = order;
    // If the store cannot provide the pseudonym, the audit log still says who it was.
    const doer = by === undefined || by === 'terminal' ? by : await pseudonymOf(by).catch(() => undefined);
    return {
      at: now(),
      reason,
      ...(doer !== undefined && { by: doer }),
      ...(changes !== undefined && { changes }),
      ...(gateLink !== undefined && { gate: gateLink }),
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
        // Other requests are served in between: the audit log writes in batches of its own.
        const done = await Promise.all(rows.map((row) => one(row, order)));
        count += done.filter(({ endedNow }) => endedNow).length;
        for (const { follows } of done) following.add(follows);
        cursor = page.next;
        more = cursor !== undefined;
      }
      const follows = combineFollows([...following]);
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
      const gateLink = row.data['gate'];
      if (!row.ended)
        await table.end(item.key, { ...item.end, ...(gateLink !== undefined && { gate: gateLink }) });
    },
    receiptOf: gate.receiptOf,
  };
}

/** Combines what is still pending for several revocations, for one message on a page. */
export function combineFollows(follows: readonly (Follows | undefined)[]): Follows | undefined {
  return follows.includes('row') ? 'row' : follows.includes('note') ? 'note' : undefined;
}
