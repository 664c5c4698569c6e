// A person's sessions together: how many there may be, and whether one began on a device that was not seen before.
import type { Recorder } from '../../audit/recorder.ts';
import { digest } from '../../crypto/tokens.ts';
import type { NoteTable, SessionEnd, SessionRow, SessionTable, SignIn } from '../../store/contract.ts';
import type { EndOrder } from '../revocation/revoke.ts';
import { isInFuture } from '../rules/session.ts';

export interface SurplusOptions {
  readonly sessions: SessionTable;
  /** 0: no limit. */
  readonly maxPerUser: number;
  readonly now: () => number;
  readonly endSession: (row: SessionRow, order: EndOrder) => Promise<unknown>;
}

/** Ends what is over `maxPerUser`, the session used longest ago first, never the one kept under `exceptKey`. */
export async function endSurplus(
  personId: string,
  exceptKey: string,
  options: SurplusOptions,
): Promise<void> {
  const { sessions, maxPerUser, now, endSession } = options;
  if (maxPerUser === 0) return;
  const rows = await sessions.ofPerson(personId, now());
  const surplus = rows.length - maxPerUser;
  if (surplus <= 0) return;
  const others = rows.filter((row) => row.key !== exceptKey);
  const oldest = others
    .sort((a, b) => a.lastSeenAt - b.lastSeenAt || a.createdAt - b.createdAt)
    .slice(0, surplus);
  await Promise.all(oldest.map((row) => endSession(row, { reason: 'too_many' })));
}

/**
 * One browser has one session: what it had before, and lost the cookie of, ends here, and here alone, since the gate's session
 * is the one that the new session stands on.
 */
export async function endSuperseded(
  personId: string,
  exceptKey: string,
  {
    sessions,
    now,
    isThisBrowser,
    recorder,
    endHere,
  }: Pick<SurplusOptions, 'sessions' | 'now'> & {
    readonly recorder: Recorder;
    readonly isThisBrowser: (tie: unknown) => boolean;
    /** @see Revocation.here */
    readonly endHere: (key: string, end: SessionEnd) => Promise<boolean>;
  },
): Promise<void> {
  const rows = await sessions.ofPerson(personId, now());
  const before = rows.filter((row) => row.key !== exceptKey && isThisBrowser(row.data['gate']));
  const reason = 'superseded';
  for (const { key, handle, email } of before) {
    const ended = await endHere(key, { at: now(), reason });
    if (ended)
      recorder.note({ event: 'session.ended', person: { id: personId, email }, session: handle, reason });
  }
}

const rememberedMs = 400 * 86_400_000;
const rememberedDevices = 50;

/**
 * Remembers the kind of device (browser and system) that a person signed in from.
 * @returns whether it is new; at the first sign-in of all nothing is.
 */
export async function isNewDevice(
  personId: string,
  device: SignIn['device'],
  { notes, now }: { readonly notes: NoteTable; readonly now: () => number },
): Promise<boolean> {
  const key = `devices:${personId}`;
  const kept = await notes.read(key, now());
  const known = Array.isArray(kept) ? kept.map(String) : [];
  const mark = digest(`${device.browser}\n${device.os}`).slice(0, 16);
  const others = known.filter((one) => one !== mark);
  await notes.write(key, [mark, ...others].slice(0, rememberedDevices), now() + rememberedMs, personId);
  return known.length > 0 && others.length === known.length;
}

/** Since when somebody has not looked. What a clock that was ahead has noted does not hide what came after. */
function lookedAt(
  { createdAt, devicesSeenAt }: { readonly createdAt: number; readonly devicesSeenAt?: number },
  now: number,
): number {
  return devicesSeenAt === undefined || isInFuture(devicesSeenAt, now) ? createdAt : devicesSeenAt;
}

/** The live sessions that began on new devices since `session`'s owner last looked. */
export function newDevicesSince(
  rows: readonly SessionRow[],
  session: { readonly handle: string; readonly createdAt: number; readonly devicesSeenAt?: number },
  now: number,
): SessionRow[] {
  const since = lookedAt(session, now);
  return rows.filter(
    (row) => row.handle !== session.handle && row.createdAt > since && row.data['newDevice'] === true,
  );
}

/** A replaced id that was used again, as the person is told of it on the other devices. */
export interface Replay {
  readonly at: number;
  readonly device: SignIn['device'];
}

const replayKeptMs = 30 * 86_400_000;

export async function noteReplay(personId: string, replay: Replay, notes: NoteTable): Promise<void> {
  await notes.writeEnding(`replayed:${personId}`, replay, replay.at + replayKeptMs, personId);
}

/** The last replay, where `session`'s owner has not looked since; undefined where there is none. */
export async function replaySince(
  session: { readonly personId: string; readonly createdAt: number; readonly devicesSeenAt?: number },
  { notes, now }: { readonly notes: NoteTable; readonly now: () => number },
): Promise<Replay | undefined> {
  const replay = (await notes.read(`replayed:${session.personId}`, now())) as Replay | undefined;
  return replay && replay.at > lookedAt(session, now()) ? replay : undefined;
}
