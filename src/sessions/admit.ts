// The way of a signed-in request to its session: express-session loads it, what is over is told, and then it is admitted
// or begun. Invariant 3: an ended one stays ended.
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import session from 'express-session';
import { isAmbiguous, singleCookie } from '../http/cookie-header.ts';
import { HttpError, sendProblem } from '../http/errors.ts';
import { isCrossSite, isNavigation } from '../http/navigation.ts';
import { clearCookie } from '../http/set-cookie.ts';
import type { AdmitOptions } from './admit-options.ts';
import { sendBounce } from './bounce.ts';
import type { LiveSession } from './express-store.ts';
import { tellEnded } from './presented.ts';
import { forget, loadedSession } from './request-session.ts';
import { keepIdFresh } from './rotation.ts';
import { renewCookie, signedBy } from './session-cookie.ts';
import { beginSession } from './sign-in.ts';

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

/** A request that failed leaves its session as it was: nothing of it is saved, and no cookie is set for it. */
export const keepSessionOnError: ErrorRequestHandler = (error, req, _res, next) => {
  forget(req);
  next(error);
};

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

function hasCookie(req: Request, { cookieName }: AdmitOptions): boolean {
  return singleCookie(req, cookieName) !== undefined;
}

/** A cookie that a former key signed is signed by the present one: any change makes express-session set it again. */
function signAnew(req: Request, live: LiveSession, { keyring, cookieName, now }: AdmitOptions): void {
  const sent = singleCookie(req, cookieName) ?? '';
  if (signedBy(sent, keyring) !== 'fallback') return;
  live.resignedAt = now();
  renewCookie(live);
}
