// Rules across all sessions of a person: the maximum number, one session per browser, and detection of new devices and replays.
import type { Recorder } from '../../audit/recorder.ts';
import { digest } from '../../crypto/tokens.ts';
import type { NoteTable, SignIn } from '../../store/contract.ts';
import type { SessionEnd, SessionRow, SessionTable } from '../../store/contract-sessions.ts';
import type { EndOrder } from '../revocation/revoke.ts';
import { isInFuture } from '../rules/session.ts';

export interface SurplusOptions {
  readonly sessions: SessionTable;
  /** 0: no limit. */
  readonly maxPerUser: number;
  readonly now: () => number;
  readonly endSession: (row: SessionRow, order: EndOrder) => Promise<unknown>;
}

/** Ends the sessions in excess of `maxPerUser`, least recently used first, never the one stored under `exceptKey`. */
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
 * One session per browser: ends earlier sessions whose cookie this browser has lost. They end only in Gatehouse, because the new
 * session uses the same gate session.
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
    readonly isThisBrowser: (link: unknown) => boolean;
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
 * Remembers the kind of device (browser and operating system) that a person signed in from.
 * @returns whether it is new; false at a person's first sign-in.
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

/** When the session's owner last looked at new devices. Ignores a time in the future, which a wrong clock recorded. */
function lookedAt(
  { createdAt, devicesSeenAt }: { readonly createdAt: number; readonly devicesSeenAt?: number },
  now: number,
): number {
  return devicesSeenAt === undefined || isInFuture(devicesSeenAt, now) ? createdAt : devicesSeenAt;
}

/** The live sessions created on new devices since `session`'s owner last looked. */
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

/** Reuse of a replaced id, as shown to the person on their other devices. */
export interface Replay {
  readonly at: number;
  readonly device: SignIn['device'];
}

const replayKeptMs = 30 * 86_400_000;

export async function noteReplay(personId: string, replay: Replay, notes: NoteTable): Promise<void> {
  await notes.writeEnding(`replayed:${personId}`, replay, replay.at + replayKeptMs, personId);
}

/** The last replay that `session`'s owner has not seen yet, if any. */
export async function replaySince(
  session: { readonly personId: string; readonly createdAt: number; readonly devicesSeenAt?: number },
  { notes, now }: { readonly notes: NoteTable; readonly now: () => number },
): Promise<Replay | undefined> {
  const replay = (await notes.read(`replayed:${session.personId}`, now())) as Replay | undefined;
  return replay && replay.at > lookedAt(session, now()) ? replay : undefined;
}
