// The device name of an ended session, for its receipt. The row of an ended session holds no data (invariant 4), so the device name
// is kept separately for an hour.
import type { NoteTable } from '../../store/contract.ts';
import type { SessionRow } from '../../store/contract-sessions.ts';
import { deviceOf, type SessionSummary } from '../rules/session-view.ts';

const keepMs = 3_600_000;
const noteOf = (handle: string) => `ended-device:${handle}`;

interface Options {
  readonly notes: NoteTable;
  readonly now: () => number;
}

/**
 * Call before ending the sessions. Skips sessions that have already ended; a store that accepts no writes does not prevent a
 * revocation.
 */
export async function rememberDevices(rows: readonly SessionRow[], { notes, now }: Options): Promise<void> {
  const live = rows.filter((row) => !row.ended);
  await Promise.all(
    live.map((row) =>
      notes
        .writeEnding(noteOf(row.handle), row.data['device'] ?? {}, now() + keepMs, row.personId)
        .catch(() => undefined),
    ),
  );
}

export async function deviceOfEnded(
  handle: string,
  { notes, now }: Options,
): Promise<SessionSummary['device'] | undefined> {
  const device = await notes.read(noteOf(handle), now());
  return device === undefined ? undefined : deviceOf(device as SessionSummary['device']);
}
