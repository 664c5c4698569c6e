// Records that a person was refused in an app: a page that asks a hundred times is one entry, so that nobody can flood the record.
import type { Recorder } from '../audit/recorder.ts';
import type { SessionRow } from '../store/contract-sessions.ts';
import type { GuardedApp, GuardReason } from './contract.ts';

export interface Refused {
  readonly row: SessionRow;
  readonly app: GuardedApp;
  readonly reason: GuardReason;
  /** The network address of the request. */
  readonly network: string;
}

/** How long further refusals of the same session, app and reason are not recorded. */
const quietMs = 600_000;
const knownAtMost = 20_000;

/** @returns records a refusal. It does not wait, and never throws. */
export function createRefusedNotes(recorder: Pick<Recorder, 'note'>, now: () => number) {
  const notedAt = new Map<string, number>();
  return ({ row, app, reason, network }: Refused): void => {
    const key = `${row.key} ${app.name} ${reason}`;
    const at = now();
    // A clock that was set back counts as time that has passed.
    if (Math.abs(at - (notedAt.get(key) ?? Number.NEGATIVE_INFINITY)) < quietMs) return;
    if (notedAt.size >= knownAtMost) notedAt.clear();
    notedAt.set(key, at);
    recorder.note({
      event: 'guard.refused',
      outcome: 'refused',
      reason,
      person: { id: row.personId, email: row.email },
      session: row.handle,
      network,
      facts: { app: app.name },
    });
  };
}
