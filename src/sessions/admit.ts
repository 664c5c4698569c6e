// The way of a signed-in request to its session: express-session loads it, and here it is decided what it is worth.
// Invariant 2: one identity, one session. Invariant 3: an ended one stays ended.
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import session, { type Session, type SessionData } from 'express-session';
import { sessionEnded } from '../../views/session-ended.ts';
import { isAmbiguous, singleCookie } from '../http/cookie-header.ts';
import { HttpError, sendProblem } from '../http/errors.ts';
import { isCrossSite, isNavigation, safeReturnPath } from '../http/navigation.ts';
import { pageFrame, sendPage } from '../http/page.ts';
import { clearCookie } from '../http/set-cookie.ts';
import type { EndReason, SessionEnd, SessionRow } from '../store/contract.ts';
import { changesBetween } from './binding.ts';
import { sendBounce } from './bounce.ts';
import { deviceOf } from './device.ts';
import { keepIdFresh } from './rotation.ts';
import { type SessionCookieAttributes, signedBy } from './session-cookie.ts';
import { keyOf } from './session-id.ts';
import { beginSession, type SignInOptions } from './sign-in.ts';

export type LiveSession = Session & SessionData;

declare global {
  namespace Express {
    interface Locals {
      /** The live session of this request, once admitted. */
      session?: LiveSession;
      /** Whether this request began it. */
      isNewSession?: boolean;
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
  /** Ends a session here and at the gate. */
  readonly endSession: (row: SessionRow, order: { readonly reason: EndReason }) => Promise<unknown>;
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
  return [
    refuseAmbiguous,
    load,
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

/** @returns false where the request is answered already. */
async function admit(req: Request, res: Response, options: AdmitOptions): Promise<boolean> {
  const person = options.personOf(res);
  let found = loadedSession(req);
  if (found && found.personId !== person.id) {
    await endForeign(req, found, options);
    found = undefined;
  }
  const end = found && (await endOfPresent(req, found, options));
  if (found && !end) {
    await keepIdFresh(req, found, { ...options, sessions: options.store.sessions });
    const live = loadedSession(req) ?? found;
    signAnew(req, live, options);
    options.tieToGate(res, live);
    res.locals.session = live;
    return true;
  }
  forget(req);
  if (!isNavigation(req)) {
    sendProblem(req, res, 'no_session', options.signInAgain('/dashboard'));
    return false;
  }
  if (end) {
    showEnded(req, res, end, options);
    return false;
  }
  if (isCrossSite(req) && options.cookie.sameSite === 'strict' && !hasCookie(req, options)) {
    sendBounce(req, res);
    return false;
  }
  await beginSession(req, res, person, options);
  const begun = loadedSession(req) as LiveSession;
  options.tieToGate(res, begun);
  res.locals.session = begun;
  res.locals.isNewSession = true;
  return true;
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
  return req.session.handle === undefined ? undefined : (req.session as LiveSession);
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
