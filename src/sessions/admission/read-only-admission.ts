// Fast path for read-only requests whose session needs no update: skips express-session, which costs more than the rest of such a
// request. Every other case (ended, replayed, another person's, moved, due for rotation or for a touch) goes through
// express-session, so this path can only admit; it never ends a session, writes or sets a cookie. Invariants 2, 3, 6 and 7.

import type { Request, Response } from 'express';
import { digest } from '../../crypto/tokens.ts';
import type { GateState } from '../../gate/revocation.ts';
import { personOf } from '../../http/person.ts';
import { singleCookie } from '../../http/request-cookies.ts';
import { changesBetween, type Surroundings, surroundingsOf } from '../rules/binding.ts';
import { touchIntervalMs } from '../rules/session.ts';
import { keyOf } from '../rules/session-id.ts';
import { type AdmittedSession, readRow } from './express-store.ts';
import type { AdmitOptions } from './options.ts';
import { isRotationDue } from './rotation.ts';
import { readSessionCookie } from './session-cookie.ts';

/**
 * @returns the frozen session; undefined if the request must go through express-session
 * @throws StoreUnavailable
 */
export async function admitReadOnly(
  req: Request,
  res: Response,
  options: AdmitOptions,
): Promise<AdmittedSession | undefined> {
  if ((req.method !== 'GET' && req.method !== 'HEAD') || res.locals.endedAtGate === true) return undefined;
  const { keyring, cookieName, limits, store } = options;
  const sent = readSessionCookie(singleCookie(req, cookieName) ?? '', keyring);
  if (sent?.signedBy !== 'current') return undefined;
  const row = await store.sessions.read(keyOf(sent.id));
  if (!row) return undefined;
  const now = options.now();
  const session = readRow(row, digest(sent.id), limits, now);
  const sender = { personId: personOf(res).id, here: () => surroundingsOf(req), gate: res.locals.gate };
  return needsNothing(session, sender, now, options) ? Object.freeze(session) : undefined;
}

/** Who sends a request, and from where. */
export interface Sender {
  readonly personId: string;
  /** Called only if binding is on. */
  readonly here: () => Surroundings;
  readonly gate: GateState | undefined;
}

export type NeedsNothingOptions = Pick<
  AdmitOptions,
  'limits' | 'rotateAfterMs' | 'binding' | 'isNewGateLink'
>;

/** Whether a request may read with this session without anything being written, recorded or set. */
export function needsNothing(
  session: AdmittedSession,
  { personId, here, gate }: Sender,
  now: number,
  { limits, rotateAfterMs, binding, isNewGateLink }: NeedsNothingOptions,
): boolean {
  return (
    session.ended === undefined &&
    session.idState === 'valid' &&
    session.personId === personId &&
    now - session.lastSeenAt < touchIntervalMs(limits) &&
    (session.previous === undefined || session.previous.successorSeenAt !== undefined) &&
    !isRotationDue(session, rotateAfterMs, now) &&
    (binding === 'off' || changesBetween(session, here()).length === 0) &&
    !isNewGateLink(gate, session)
  );
}
