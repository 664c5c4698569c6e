// Validates the session that a browser presents: checks its owner, whether it has ended, its limits, id replay and binding, and
// answers the browser if it is over. Invariants 2, 6 and 7.

import type { Request, Response } from 'express';
import { sessionEnded } from '../../../views/session-ended.ts';
import { randomToken } from '../../crypto/tokens.ts';
import { sendProblem } from '../../http/errors.ts';
import { isNavigation, safeReturnPath } from '../../http/navigation.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import { personOf } from '../../http/person.ts';
import { requestFacts } from '../../http/request-facts.ts';
import { clearCookie } from '../../http/response-cookies.ts';
import type { SessionEnd } from '../../store/contract-sessions.ts';
import type { EndOrder } from '../revocation/revoke.ts';
import { changesBetween, surroundingsOf } from '../rules/binding.ts';
import { keyOf } from '../rules/session-id.ts';
import type { LoadedSession } from './express-store.ts';
import type { AdmitOptions } from './options.ts';
import { noteReplay } from './other-sessions.ts';
import { forget, loadedSession } from './request-session.ts';

/** @returns true if the session is over and the request was answered with the reason */
export async function answerIfEnded(req: Request, res: Response, options: AdmitOptions): Promise<boolean> {
  const found = loadedSession(req);
  if (!found) return false;
  if (found.personId !== personOf(res).id) {
    await endForeign(req, found, options);
    forget(req);
    return false;
  }
  const ended = await endOfPresent(req, found, options);
  if (!ended) return false;
  const end = await withAddress(ended, options);
  forget(req);
  if (options.isNewSignIn(res, end)) {
    // The person has signed in at the provider again: the page that this opens shows the reason.
    res.locals.endedBefore = end;
    return false;
  }
  if (isNavigation(req)) showEnded(req, res, end, options);
  else sendProblem(req, res, 'no_session', options.signInAgain('/dashboard'));
  return true;
}

/** Replaces the pseudonym of the person who ended it with their email address. */
async function withAddress(end: SessionEnd, { addressOf }: AdmitOptions): Promise<SessionEnd> {
  const { by, ...rest } = end;
  if (by === undefined || by === 'terminal') return end;
  const email = await addressOf(by);
  return { ...rest, ...(email !== undefined && { by: email }) };
}

/** How the presented session ended, if it did: earlier, by a limit, or because of what this request shows. */
async function endOfPresent(
  req: Request,
  found: LoadedSession,
  options: AdmitOptions,
): Promise<SessionEnd | undefined> {
  if (found.ended) {
    const link = found.ended.gate ?? found.gate;
    const end = link === undefined ? found.ended : { ...found.ended, gate: link };
    await recordLimit(req, found, end, options);
    return end;
  }
  const order =
    found.idState === 'replayed' ? ({ reason: 'replayed' } as const) : await boundOrder(req, found, options);
  if (!order) return undefined;
  const { reason, changes } = order;
  const key = keyOf(req.sessionID);
  const row = await options.store.sessions.read(key);
  const isFirst = row !== undefined && !row.ended && (await isFirstToSee(key, reason, options));
  if (row && isFirst) await options.endSession(row, order);
  if (reason === 'replayed' && isFirst) {
    options.recorder.note({ event: 'session.replayed', ...eventOf(req, found) });
    // Notify the person after ending the session, so that a failed write of the note delays nothing.
    const replay = { at: options.now(), device: found.device };
    await noteReplay(found.personId, replay, options.store.notes).catch(() => undefined);
    options.notifyReplay(found);
  }
  return { at: options.now(), reason, ...(changes && { changes }) };
}

/** How long one request has to end a session before another one that detects the same takes over. */
const turnMs = 10_000;

/** Of concurrent requests that detect the same, only one ends the session and reports it: ten copies of a cookie raise one alarm. */
async function isFirstToSee(key: string, reason: string, { store, now }: AdmitOptions): Promise<boolean> {
  const own = randomToken();
  return (await store.claims.claim(`end:${reason}:${key}`, own, now(), now() + turnMs)) === own;
}

/** Checks whether browser, operating system or network changed; `observe` records it once, `enforce` returns the order to end. */
async function boundOrder(
  req: Request,
  found: LoadedSession,
  options: AdmitOptions,
): Promise<EndOrder | undefined> {
  if (options.binding === 'off') return undefined;
  const here = surroundingsOf(req);
  const changes = changesBetween(found, here);
  if (changes.length === 0) return undefined;
  if (options.binding === 'enforce') return { reason: 'device_changed', changes };
  // Rate-limited: a client that changes its user agent with every request would cause a write with every request.
  if (!(await options.allow.take('moves', found.personId))) return undefined;
  options.recorder.note({
    event: 'session.moved',
    ...eventOf(req, found),
    facts: { changes: changes.join(', ') },
  });
  Object.assign(found, here);
  return undefined;
}

/** Stores that a limit was reached, so that all replicas agree from now on. */
async function recordLimit(
  req: Request,
  found: LoadedSession,
  end: SessionEnd,
  options: AdmitOptions,
): Promise<void> {
  if (end.reason !== 'idle' && end.reason !== 'expired') return;
  const ended = await options.endHere(keyOf(req.sessionID), end);
  if (ended) options.recorder.note({ event: 'session.ended', reason: end.reason, ...eventOf(req, found) });
}

async function endForeign(req: Request, found: LoadedSession, options: AdmitOptions): Promise<void> {
  const end: SessionEnd = { at: options.now(), reason: 'person_changed' };
  const ended = await options.endHere(keyOf(req.sessionID), end);
  if (ended) options.recorder.note({ event: 'session.ended', reason: end.reason, ...eventOf(req, found) });
}

function eventOf(req: Request, { personId, email, handle }: LoadedSession) {
  return { person: { id: personId, email }, session: handle, ...requestFacts(req) };
}

function showEnded(req: Request, res: Response, ended: SessionEnd, options: AdmitOptions): void {
  clearCookie(res, options.cookieName, options.cookie);
  const frame = { ...pageFrame(req, res), signInPath: options.signInAgain(safeReturnPath(req.originalUrl)) };
  const { person: _, ...visitorFrame } = frame;
  res.status(401);
  sendPage(
    res,
    sessionEnded(visitorFrame, {
      reason: ended.reason,
      endedAt: ended.at,
      now: options.now(),
      ...(ended.by !== undefined && { endedBy: ended.by }),
      ...(ended.changes !== undefined && { changes: ended.changes }),
    }),
  );
}
