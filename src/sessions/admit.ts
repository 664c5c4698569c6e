// The way of a signed-in request to its session: express-session loads it, and here it is decided what it is worth.
// Invariant 2: one identity, one session. Invariant 3: an ended one stays ended.
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import session from 'express-session';
import { sessionEnded } from '../../views/session-ended.ts';
import { isAmbiguous, singleCookie } from '../http/cookie-header.ts';
import { HttpError, sendProblem } from '../http/errors.ts';
import { isCrossSite, isNavigation, safeReturnPath } from '../http/navigation.ts';
import { pageFrame, sendPage } from '../http/page.ts';
import { clearCookie } from '../http/set-cookie.ts';
import type { SessionEnd } from '../store/contract.ts';
import { changesBetween } from './binding.ts';
import { sendBounce } from './bounce.ts';
import { noteReplay } from './crowd.ts';
import { deviceOf } from './device.ts';
import type { LiveSession } from './express-store.ts';
import { keepIdFresh } from './rotation.ts';
import { type SessionCookieAttributes, signedBy } from './session-cookie.ts';
import { keyOf } from './session-id.ts';
import { beginSession, type SignInOptions } from './sign-in.ts';

declare global {
  namespace Express {
    interface Locals {
      /** The live session of this request, once admitted. */
      session?: LiveSession;
      /** Whether this request began it. */
      isNewSession?: boolean;
      /** How the session ended that this browser had before. */
      endedBefore?: SessionEnd;
    }
  }
}

export interface AdmitOptions extends SignInOptions {
  readonly cookieName: string;
  readonly cookie: SessionCookieAttributes;
  readonly personOf: (res: Response) => { readonly id: string; readonly email: string };
  /** 0: never. */
  readonly rotateAfterMs: number;
  readonly binding: 'off' | 'observe' | 'enforce';
  /** Answers a request whose session at the gate was ended, though the gate let it through. */
  readonly refuseEndedAtGate: RequestHandler;
  /** Tells outside of the house, in the background. */
  readonly tellOfReplay: (found: LiveSession) => void;
  /** Whether the person passed the provider again since that end. */
  readonly isNewSignIn: (res: Response, end: SessionEnd) => boolean;
  /** Keeps the tie between the session and the gate's, where this request brought a newer one. */
  readonly tieToGate: (res: Response, live: LiveSession) => void;
  /** The way to sign in that ends the gate's session first. */
  readonly signInAgain: (returnPath: string) => string;
}

/** The handlers between the gate and the anti-forgery check, in order. Afterwards `res.locals.session` is live. */
export function admitSession(options: AdmitOptions): RequestHandler[] {
  const { expressStore, keyring, cookieName, cookie } = options;
  const refuseAmbiguous: RequestHandler = (req, res, next) => {
    if (!isAmbiguous(req, cookieName)) return next();
    clearCookie(res, cookieName, cookie);
    next(new HttpError('ambiguous_cookie'));
  };
  const load = session({
    name: cookieName,
    secret: keyring.keys('session cookie'),
    store: expressStore,
    resave: false,
    saveUninitialized: false,
  });
  // First why a session is over, then what the gate's own session is worth, and only then may one begin.
  return [
    refuseAmbiguous,
    load,
    (req, res, next) => tellEnded(req, res, options).then((told) => !told && next(), next),
    options.refuseEndedAtGate,
    (req, res, next) => admit(req, res, options).then((admitted) => admitted && next(), next),
  ];
}

/** The session that `admitSession` admitted. @throws where a route forgot to ask for one. */
export function sessionOf(res: Response): LiveSession {
  const { session: live } = res.locals;
  if (!live) throw new Error('this route has no session');
  return live;
}

/** A request that failed leaves its session as it was: nothing of it is saved, and no cookie is set for it. */
export const keepSessionOnError: ErrorRequestHandler = (error, req, _res, next) => {
  forget(req);
  next(error);
};

/** @returns whether the request is answered: its session is over, and the browser is told why. */
async function tellEnded(req: Request, res: Response, options: AdmitOptions): Promise<boolean> {
  const found = loadedSession(req);
  if (!found) return false;
  if (found.personId !== options.personOf(res).id) {
    await endForeign(req, found, options);
    forget(req);
    return false;
  }
  const end = await endOfPresent(req, found, options);
  if (!end) return false;
  forget(req);
  if (options.isNewSignIn(res, end)) {
    // Passed the provider again since: told on the page that this opens.
    res.locals.endedBefore = end;
    return false;
  }
  if (isNavigation(req)) showEnded(req, res, end, options);
  else sendProblem(req, res, 'no_session', options.signInAgain('/dashboard'));
  return true;
}

/** @returns false where the request is answered already. */
async function admit(req: Request, res: Response, options: AdmitOptions): Promise<boolean> {
  const found = loadedSession(req);
  if (found) {
    await keepIdFresh(req, found, { ...options, sessions: options.store.sessions });
    const live = loadedSession(req) ?? found;
    signAnew(req, live, options);
    admitted(res, live, false, options);
    return true;
  }
  forget(req);
  if (!isNavigation(req)) {
    sendProblem(req, res, 'no_session', options.signInAgain('/dashboard'));
    return false;
  }
  if (isCrossSite(req) && options.cookie.sameSite === 'strict' && !hasCookie(req, options)) {
    sendBounce(req, res);
    return false;
  }
  await beginSession(req, res, options.personOf(res), options);
  admitted(res, req.session as LiveSession, true, options);
  return true;
}

function admitted(res: Response, live: LiveSession, isNew: boolean, { tieToGate }: AdmitOptions): void {
  tieToGate(res, live);
  res.locals.session = live;
  res.locals.isNewSession = isNew;
}

/** How the session that the browser brought is over: since earlier, by a limit, or by what is seen now. */
async function endOfPresent(
  req: Request,
  found: LiveSession,
  options: AdmitOptions,
): Promise<SessionEnd | undefined> {
  if (found.ended) {
    await recordLimit(req, found, found.ended, options);
    return found.ended;
  }
  const reason = found.idState === 'replayed' ? 'replayed' : boundReason(req, found, options);
  if (reason === undefined) return undefined;
  const row = await options.store.sessions.read(keyOf(req.sessionID));
  if (row && !row.ended) await options.endSession(row, { reason });
  if (reason === 'replayed') {
    await noteReplay(found.personId, { at: options.now(), device: found.device }, options.store.notes);
    options.tellOfReplay(found);
  }
  options.logger.warn({ event: `session.${reason}`, handle: found.handle, reqId: req.id });
  return { at: options.now(), reason };
}

/** Looks whether browser, system or network changed; `observe` writes it down once, `enforce` gives the reason to end. */
function boundReason(req: Request, found: LiveSession, options: AdmitOptions): 'device_changed' | undefined {
  if (options.binding === 'off') return undefined;
  const here = { device: deviceOf(req.headers['user-agent']), network: req.ip ?? '' };
  const changes = changesBetween(found, here);
  if (changes.length === 0) return undefined;
  if (options.binding === 'enforce') return 'device_changed';
  options.logger.warn({ event: 'session.moved', changes, handle: found.handle, reqId: req.id });
  Object.assign(found, here);
  return undefined;
}

function hasCookie(req: Request, { cookieName }: AdmitOptions): boolean {
  return singleCookie(req, cookieName) !== undefined;
}

/** undefined where express-session made an empty one because the browser brought none. */
function loadedSession(req: Request): LiveSession | undefined {
  const loaded = req.session as LiveSession | undefined;
  return loaded?.handle === undefined ? undefined : loaded;
}

/** Nothing of this request's session is saved, and no cookie is set for it. */
function forget(req: Request): void {
  Reflect.deleteProperty(req, 'session');
}

/** A limit that was passed is written down, so that every replica agrees from now on. */
async function recordLimit(
  req: Request,
  found: LiveSession,
  end: SessionEnd,
  options: AdmitOptions,
): Promise<void> {
  if (end.reason !== 'idle' && end.reason !== 'expired') return;
  const ended = await options.store.sessions.end(keyOf(req.sessionID), end);
  if (ended)
    options.logger.info({ event: 'session.ended', reason: end.reason, handle: found.handle, reqId: req.id });
}

async function endForeign(req: Request, found: LiveSession, options: AdmitOptions): Promise<void> {
  const end: SessionEnd = { at: options.now(), reason: 'person_changed' };
  const ended = await options.store.sessions.end(keyOf(req.sessionID), end);
  if (ended)
    options.logger.warn({ event: 'session.ended', reason: end.reason, handle: found.handle, reqId: req.id });
}

/** A cookie that a former key signed is signed by the present one: any change makes express-session set it again. */
function signAnew(req: Request, live: LiveSession, { keyring, cookieName, now }: AdmitOptions): void {
  const sent = singleCookie(req, cookieName) ?? '';
  if (signedBy(sent, keyring) === 'fallback') live.resignedAt = now();
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
    }),
  );
}
