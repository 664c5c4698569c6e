// Ends sessions, at the gate and here, for every reason there is; recorded before (invariant 8). The gate is marked first: an ending that fails halfway is
// refused there already, and the next try finds all it needs (invariant 3). An unreachable gate holds nothing up.
import type { PersonRef, Recorder } from '../audit/recorder.ts';
import type { EndReason, SessionEnd, SessionRow, SessionTable } from '../store/contract.ts';

/** How an ending went at the gate, as it stands now. */
export interface GateReceipt {
  readonly endedAt: number;
  readonly gate: 'ended' | 'nothing to end' | 'unreachable' | 'refused here' | 'unknown';
  /** When a later look found nothing any more; absent: not looked again yet. */
  readonly verifiedAt?: number;
  /** How often a refresh in flight had written the session back. */
  readonly writtenBack: number;
}

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

export interface Ending {
  one(row: SessionRow, order: EndOrder): Promise<Ended>;
  /** All live sessions of a person but the one kept under `exceptKey`. */
  others(personId: string, exceptKey: string, order: EndOrder): Promise<Ended[]>;
  /** All live sessions of a person; at the gate also those that the house never saw. */
  person(personId: string, order: EndOrder): Promise<Ended[]>;
  /** Everyone's but the one kept under `exceptKey`. @returns how many ended. */
  everyone(order: EndOrder, exceptKey: string | undefined): Promise<number>;
  receiptOf(handle: string): Promise<GateReceipt | undefined>;
}

export interface EndingOptions {
  readonly sessions: SessionTable;
  readonly gate: GateEnds;
  readonly now: () => number;
  readonly recorder: Recorder;
  /** The record's pseudonym of a person. */
  readonly pseudonymOf: (person: PersonRef) => Promise<string | undefined>;
}

const batch = 20;

export function createEnding({ sessions, gate, now, recorder, pseudonymOf }: EndingOptions): Ending {
  /** Before anything ends, here or at the gate (invariant 8). */
  async function record(row: SessionRow, { reason, by, changes }: EndOrder): Promise<void> {
    if (row.ended) return;
    const person: PersonRef = { id: row.personId, email: row.email };
    const isOwn = by === undefined || (by !== 'terminal' && by.id === row.personId);
    await recorder.write({
      event: 'session.revoked',
      person,
      reason,
      session: row.handle,
      ...(!isOwn && { by }),
      ...(changes !== undefined && { facts: { changes: changes.join(', ') } }),
    });
  }

  async function endHere(row: SessionRow, { reason, by, changes }: EndOrder): Promise<boolean> {
    const tie = row.data['gate'];
    const doer = by === undefined || by === 'terminal' ? by : await pseudonymOf(by);
    const end: SessionEnd = {
      at: now(),
      reason,
      ...(doer !== undefined && { by: doer }),
      ...(changes !== undefined && { changes }),
      ...(tie !== undefined && { gate: tie }),
    };
    return sessions.end(row.key, end);
  }
  const targetOf = (row: SessionRow) => ({ handle: row.handle, link: row.data['gate'] ?? row.ended?.gate });

  async function one(row: SessionRow, order: EndOrder): Promise<Ended> {
    await record(row, order);
    const receipt = (await gate.receiptOf(row.handle)) ?? (await gate.end(targetOf(row)));
    return { handle: row.handle, endedNow: await endHere(row, order), receipt };
  }

  return {
    one,
    others: async (personId, exceptKey, order) => {
      const rows = await sessions.ofPerson(personId, now());
      return Promise.all(rows.filter((row) => row.key !== exceptKey).map((row) => one(row, order)));
    },
    async person(personId, order) {
      const rows = await sessions.ofPerson(personId, now());
      await Promise.all(rows.map((row) => record(row, order)));
      const receipts = await gate.endPerson(personId, rows.map(targetOf));
      const endedNow = await Promise.all(rows.map((row) => endHere(row, order)));
      return rows.flatMap((row, i) => {
        const receipt = receipts[i];
        return receipt ? [{ handle: row.handle, endedNow: endedNow[i] === true, receipt }] : [];
      });
    },
    async everyone(order, exceptKey) {
      let count = 0;
      for (let cursor: string | undefined, more = true; more; ) {
        const page = await sessions.page({
          sort: 'email',
          limit: batch,
          ...(cursor !== undefined && { cursor }),
        });
        const rows = page.rows.filter((row) => row.key !== exceptKey);
        // Others are served in between: the record writes in turns of its own.
        const ended = await Promise.all(rows.map((row) => one(row, order)));
        count += ended.filter(({ endedNow }) => endedNow).length;
        cursor = page.next;
        more = cursor !== undefined;
      }
      return count;
    },
    receiptOf: gate.receiptOf,
  };
}
