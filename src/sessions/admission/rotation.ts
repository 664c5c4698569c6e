// Rotates a session's id when it is old. Invariant 6: concurrent requests get the same successor; the old id is valid until the
// browser presents the new one, plus a short grace period; after that, its use is a replay (`stateOfId`).
import type { Request } from 'express';
import type { Recorder } from '../../audit/recorder.ts';
import type { Keyring } from '../../crypto/keyring.ts';
import { digest, randomToken } from '../../crypto/tokens.ts';
import { requestFacts } from '../../http/request-facts.ts';
import { StoreUnavailable } from '../../store/contract.ts';
import type { PreviousId, SessionTable } from '../../store/contract-sessions.ts';
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
  /** Called after each rotation, for the metrics. */
  readonly onRotated?: (() => void) | undefined;
}

/** Leaves `req.session` under the id that the browser should have; if it changed, express-session sets the cookie. */
export async function keepIdFresh(
  req: Request,
  live: LoadedSession,
  options: RotationOptions,
): Promise<void> {
  const { sessions, keyring, rotateAfterMs, now, recorder, onRotated } = options;
  const id = req.sessionID;
  const key = keyOf(id);
  if (live.idState === 'previous') {
    // The response with the successor was lost, or this tab sent its request before it arrived: send the same successor again.
    if (live.previous)
      replaceId(req, live, successorOf(keyring, id, live.previous.salt, live.idHash), live.previous);
    return;
  }
  if (live.previous && live.previous.successorSeenAt === undefined) {
    await ifWritable(sessions.successorSeen(key, digest(id), now()));
  }
  if (!isRotationDue(live, rotateAfterMs, now())) return;
  const salt = randomToken();
  const [successor = ''] = successorsOf(keyring, id, salt);
  const rotation = { fromHash: digest(id), toHash: digest(successor), salt, at: now() };
  const isRotated = await ifWritable(sessions.rotate(key, rotation));
  // The id stays valid until the store accepts writes again: people can still read and sign out.
  if (isRotated === undefined) return;
  if (isRotated) {
    const { personId, email, handle } = live;
    const person = { id: personId, email };
    onRotated?.();
    // Routine: the audit log gets the first rotation of a day, the metric counts all of them.
    if (!live.previous || dayOf(live.idIssuedAt) !== dayOf(rotation.at))
      recorder.note({ event: 'session.rotated', person, session: handle, ...requestFacts(req) });
    replaceId(req, live, successor, { idHash: digest(id), salt });
    return;
  }
  const row = await sessions.read(key);
  if (row?.previous?.idHash !== digest(id)) return;
  replaceId(req, live, successorOf(keyring, id, row.previous.salt, row.idHash), row.previous);
}

/** The day number, UTC. */
function dayOf(at: number): number {
  return Math.floor(at / 86_400_000);
}

/** @returns undefined if the store accepts no writes now */
async function ifWritable<T>(change: Promise<T>): Promise<T | undefined> {
  try {
    return await change;
  } catch (error) {
    if (error instanceof StoreUnavailable) return undefined;
    throw error;
  }
}

/** Old enough, and the previous rotation is complete: an id that may still be in use is never two rotations behind. */
export function isRotationDue(live: AdmittedSession, rotateAfterMs: number, now: number): boolean {
  if (rotateAfterMs === 0) return false;
  if (now - live.idIssuedAt < rotateAfterMs && !isInFuture(live.idIssuedAt, now)) return false;
  if (!live.previous) return true;
  const seenAt = live.previous.successorSeenAt;
  return seenAt !== undefined && now > seenAt + graceMs;
}

/** undefined if the key that derived it is gone: the browser then keeps the previous id, which stays valid. */
export function successorOf(keyring: Keyring, id: string, salt: string, idHash: string): string | undefined {
  return successorsOf(keyring, id, salt).find((successor) => digest(successor) === idHash);
}

/**
 * Moves the session to its new id; express-session then sets the cookie.
 * @param previous the previous id: forms opened under it are accepted for as long as that id is valid
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
