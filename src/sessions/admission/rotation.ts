// Replaces a session's id when it is old. Invariant 6: one successor, whoever asks at the same time; the old id lives
// until the new one came back, then a short grace; used after that it is a replay (`stateOfId`).
import type { Request } from 'express';
import type { Recorder } from '../../audit/recorder.ts';
import type { Keyring } from '../../crypto/keyring.ts';
import { digest, randomToken } from '../../crypto/tokens.ts';
import { requestFacts } from '../../http/request-facts.ts';
import { type PreviousId, type SessionTable, StoreUnavailable } from '../../store/contract.ts';
import { graceMs, isInFuture } from '../rules/session.ts';
import { keyOf, successorsOf } from '../rules/session-id.ts';
import type { AdmittedSession, LoadedSession } from './express-store.ts';

export interface RotationOptions {
  readonly sessions: SessionTable;
  readonly keyring: Keyring;
  /** 0: never. */
  readonly rotateAfterMs: number;
  readonly now: () => number;
  readonly recorder: Recorder;
  /** Counts each replacement; absent: nobody asks. */
  readonly onRotated?: (() => void) | undefined;
}

/** Leaves `req.session` under the id that the browser is to have; where that changed, express-session sets the cookie. */
export async function keepIdFresh(
  req: Request,
  live: LoadedSession,
  options: RotationOptions,
): Promise<void> {
  const { sessions, keyring, rotateAfterMs, now, recorder, onRotated } = options;
  const id = req.sessionID;
  const key = keyOf(id);
  if (live.idState === 'previous') {
    // The answer that carried the successor was lost, or this tab asked before it came: hand the same one over again.
    if (live.previous)
      replaceId(req, live, successorOf(keyring, id, live.previous.salt, live.idHash), live.previous);
    return;
  }
  if (live.previous && live.previous.successorSeenAt === undefined) {
    await unlessFull(sessions.successorSeen(key, digest(id), now()));
  }
  if (!isRotationDue(live, rotateAfterMs, now())) return;
  const salt = randomToken();
  const [successor = ''] = successorsOf(keyring, id, salt);
  const rotation = { fromHash: digest(id), toHash: digest(successor), salt, at: now() };
  const isRotated = await unlessFull(sessions.rotate(key, rotation));
  // The id goes on until the store takes its successor: who is signed in can go on reading, and sign out.
  if (isRotated === undefined) return;
  if (isRotated) {
    const { personId, email, handle } = live;
    const person = { id: personId, email };
    onRotated?.();
    // Routine: the record has the first one of a day, the counter has them all.
    if (!live.previous || dayOf(live.idIssuedAt) !== dayOf(rotation.at))
      recorder.note({ event: 'session.rotated', person, session: handle, ...requestFacts(req) });
    replaceId(req, live, successor, { idHash: digest(id), salt });
    return;
  }
  const row = await sessions.read(key);
  if (row?.previous?.idHash !== digest(id)) return;
  replaceId(req, live, successorOf(keyring, id, row.previous.salt, row.idHash), row.previous);
}

/** By UTC. */
function dayOf(at: number): number {
  return Math.floor(at / 86_400_000);
}

/** @returns undefined where the store takes no change now. */
async function unlessFull<T>(change: Promise<T>): Promise<T | undefined> {
  try {
    return await change;
  } catch (error) {
    if (error instanceof StoreUnavailable) return undefined;
    throw error;
  }
}

/** Old enough, and the replacement before is done with: an id is never two steps behind while it may be in use. */
export function isRotationDue(live: AdmittedSession, rotateAfterMs: number, now: number): boolean {
  if (rotateAfterMs === 0) return false;
  if (now - live.idIssuedAt < rotateAfterMs && !isInFuture(live.idIssuedAt, now)) return false;
  if (!live.previous) return true;
  const seenAt = live.previous.successorSeenAt;
  return seenAt !== undefined && now > seenAt + graceMs;
}

/** undefined where the key that made it is forgotten: then the browser keeps the id before, which stays good. */
export function successorOf(keyring: Keyring, id: string, salt: string, idHash: string): string | undefined {
  return successorsOf(keyring, id, salt).find((successor) => digest(successor) === idHash);
}

/**
 * Puts the session under its new id; express-session then sets the cookie.
 * @param previous the id before: a form that was opened under it is still taken for as long as that id is good
 */
export function replaceId(
  req: Request,
  live: LoadedSession,
  successor: string | undefined,
  previous: PreviousId,
): void {
  if (successor === undefined) return;
  req.sessionID = successor;
  req.sessionStore.createSession(req, { ...live, idHash: digest(successor), idState: 'valid', previous });
}
