// Ends a session because a cookie that had been replaced was used again: somebody has a copy. Once, however many copies are seen at once.
import type { Recorder } from '../../audit/recorder.ts';
import { randomToken } from '../../crypto/tokens.ts';
import type { ClaimTable, NoteTable } from '../../store/contract.ts';
import type { SessionRow } from '../../store/contract-sessions.ts';
import type { EndOrder } from '../revocation/revoke.ts';
import type { SessionFacts } from '../rules/session.ts';
import { noteReplay } from './other-sessions.ts';

export interface ReplayOptions {
  readonly store: { readonly claims: Pick<ClaimTable, 'claim'>; readonly notes: NoteTable };
  readonly now: () => number;
  readonly recorder: Recorder;
  readonly endSession: (row: SessionRow, order: EndOrder) => Promise<unknown>;
  /** Sends the webhook, in the background. */
  readonly notifyReplay: (found: Pick<SessionRow, 'email'> & Pick<SessionFacts, 'device'>) => void;
}

/** How long one request has to end a session before another one that detects the same takes over. */
const turnMs = 10_000;

/** Of concurrent requests that detect the same, only one ends the session and reports it: ten copies of a cookie raise one alarm. */
export async function isFirstToSee(
  key: string,
  reason: string,
  { store, now }: Pick<ReplayOptions, 'store' | 'now'>,
): Promise<boolean> {
  const own = randomToken();
  return (await store.claims.claim(`end:${reason}:${key}`, own, now(), now() + turnMs)) === own;
}

/** @param row live when it was read @param where for the record: the request that presented the copy */
export async function endReplayed(
  row: SessionRow,
  where: { readonly network?: string; readonly requestId?: string },
  options: ReplayOptions,
): Promise<void> {
  const reason = 'replayed';
  if (!(await isFirstToSee(row.key, reason, options))) return;
  await options.endSession(row, { reason });
  const { personId: id, email, handle } = row;
  options.recorder.note({ event: 'session.replayed', person: { id, email }, session: handle, ...where });
  const { device } = row.data as unknown as SessionFacts;
  // The person is notified after the session ended, so that a failed write of the note delays nothing.
  await noteReplay(id, { at: options.now(), device }, options.store.notes).catch(() => undefined);
  options.notifyReplay({ email, device });
}
