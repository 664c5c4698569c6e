// Validates the session that a browser presents: checks its owner, whether it has ended, its limits, id replay and binding, and
// answers the browser if it is over. Invariants 2, 6 and 7.

import type { Request, Response } from 'express';
import { sessionEnded } from '../../../views/session-ended.ts';
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
import { endReplayed, isFirstToSee } from './replay.ts';
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
  const row = await options.store.sessions.read(keyOf(req.sessionID));
  if (row && !row.ended) {
    if (reason === 'replayed') await endReplayed(row, requestFacts(req), options);
    else if (await isFirstToSee(row.key, reason, options)) await options.endSession(row, order);
  }
  return { at: options.now(), reason, ...(changes && { changes }) };
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
