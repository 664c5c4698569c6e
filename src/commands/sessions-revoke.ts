// `gatehouse sessions revoke`: ends sessions by name, here and at the gate, and waits until the gate was checked again.

import { isOpen } from '../sessions/pages/receipt.ts';
import { handleSchema } from '../sessions/pages/session-actions.ts';
import {
  combineFollows,
  type Ended,
  type Follows,
  type GateReceipt,
  type Revocation,
} from '../sessions/revocation/revoke.ts';
import type { SessionTable } from '../store/contract-sessions.ts';
import type { SessionsParts } from './sessions-open.ts';
import type { ExitCode, Say } from './terminal.ts';

export interface RevokeTask {
  readonly task: 'revoke';
  readonly whom: { readonly handle: string } | { readonly email: string } | 'all';
  readonly waits: boolean;
}

const order = { reason: 'revoked_by_operator', by: 'terminal' } as const;
const verifyWithinMs = 12_000;
const pollMs = 500;

export async function revoke(
  task: RevokeTask,
  sessions: SessionTable,
  revocation: Revocation,
  { wait, now }: Pick<SessionsParts, 'wait' | 'now'>,
  say: Say,
): Promise<ExitCode> {
  if (task.whom === 'all') {
    const { count, follows } = await revocation.everyone(order, undefined);
    say.line(`${count} ${count === 1 ? 'session' : 'sessions'} signed out.`);
    if (follows) say.line(followsWords[follows]);
    // Checks of the gate stop when this process exits.
    if (task.waits && count > 0) await wait(verifyWithinMs);
    return 0;
  }
  const ended =
    'handle' in task.whom
      ? await endOne(task.whom.handle, sessions, revocation)
      : await endAllOf(task.whom.email, sessions, revocation);
  if (ended.length === 0) {
    say.fault(
      'handle' in task.whom
        ? 'there is no session with this handle'
        : 'nobody with this address is signed in',
    );
    return 1;
  }
  const receipts = new Map(ended.map(({ handle, receipt }) => [handle, receipt]));
  for (
    let waited = 0;
    task.waits && waited < verifyWithinMs && [...receipts.values()].some(isOpen);
    waited += pollMs
  ) {
    await wait(pollMs);
    for (const handle of receipts.keys())
      receipts.set(handle, (await revocation.receiptOf(handle)) ?? receiptOfNothing(now()));
  }
  for (const [handle, receipt] of receipts) say.line(receiptLine(handle, receipt));
  const follows = combineFollows(ended.map((one) => one.follows));
  if (follows) say.line(followsWords[follows]);
  return 0;
}

async function endOne(handle: string, sessions: SessionTable, revocation: Revocation): Promise<Ended[]> {
  const row = handleSchema.safeParse(handle).success ? await sessions.findByHandle(handle) : undefined;
  return row ? [await revocation.one(row, order)] : [];
}

/** One address can belong to two people: Google reassigns an address after its account was deleted. */
async function endAllOf(email: string, sessions: SessionTable, revocation: Revocation): Promise<Ended[]> {
  const people = new Set<string>();
  for (let cursor: string | undefined, more = true; more; ) {
    const page = await sessions.page({
      sort: 'email',
      emailPrefix: email,
      limit: 100,
      ...(cursor !== undefined && { cursor }),
    });
    const theirs = page.rows.filter((row) => row.email === email);
    for (const { personId } of theirs) people.add(personId);
    cursor = page.next;
    // The exact address sorts before addresses that begin with it.
    more = cursor !== undefined && theirs.length === page.rows.length;
  }
  const ended = await Promise.all([...people].map((personId) => revocation.person(personId, order)));
  return ended.flat();
}

function receiptOfNothing(at: number): GateReceipt {
  return { endedAt: at, gate: 'unknown', writtenBack: 0 };
}

const followsWords: Record<Follows, string> = {
  note: 'The record cannot be written right now; the entries wait in DATA_DIR and are added as soon as possible.',
  row: 'The session store cannot be changed right now; a server that uses the same DATA_DIR refuses these sessions and ends them as soon as it can.',
};

const gateWords: Record<GateReceipt['gate'], string> = {
  ended: 'ended at the gate',
  'nothing to end': 'nothing left at the gate',
  unreachable: 'the gate does not answer, trying again',
  'refused here': 'its gate cookie is refused here',
  unknown: 'not known at the gate',
};

function receiptLine(handle: string, receipt: GateReceipt): string {
  const { gate, verifiedAt } = receipt;
  const verified =
    verifiedAt === undefined
      ? isOpen(receipt) && 'not verified yet'
      : `verified at ${new Date(verifiedAt).toISOString().slice(11, 19)} UTC`;
  return [`${handle}  ended here`, gateWords[gate], verified].filter(Boolean).join(' · ');
}
