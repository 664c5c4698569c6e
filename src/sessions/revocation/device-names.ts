// Which device an ended session was, for its receipt: the row of a session that ended holds nothing any more (invariant 4),
// so its device's name alone is kept for an hour.
import type { NoteTable, SessionRow } from '../../store/contract.ts';
import { deviceOf, type SessionSummary } from '../rules/session-view.ts';

const keepMs = 3_600_000;
const noteOf = (handle: string) => `ended-device:${handle}`;

interface Options {
  readonly notes: NoteTable;
  readonly now: () => number;
}

/** Before they end. What has ended already stays as it was remembered; a store that takes nothing keeps no ending from being made. */
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
