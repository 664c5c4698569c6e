// The way of a signed-in request to its session: express-session loads it, what is over is told, and then it is admitted
// or begun. Invariant 3: an ended one stays ended.

import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import session from 'express-session';
import { HttpError, sendProblem } from '../../http/errors.ts';
import { isCrossSite, isNavigation } from '../../http/navigation.ts';
import { personOf } from '../../http/person.ts';
import { isAmbiguous, singleCookie } from '../../http/request-cookies.ts';
import { clearCookie } from '../../http/response-cookies.ts';
import type { AdmittedSession, LoadedSession } from './express-store.ts';
import type { AdmitOptions } from './options.ts';
import { readThin } from './read-only-admission.ts';
import { forget, loadedSession } from './request-session.ts';
import { setCurrentIdOnly } from './response-cookie.ts';
import { keepIdFresh } from './rotation.ts';
import { sendBounce } from './same-site-retry.ts';
import { readSessionCookie, renewCookie, signedBy } from './session-cookie.ts';
import { beginSession } from './sign-in.ts';
import { tellEnded } from './validate.ts';

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
  const loadUnlessReadOnly: RequestHandler = async (req, res, next) => {
    const session = await readThin(req, res, options);
    if (!session) {
      load(req, res, (error?: unknown) => {
        const sent = readSessionCookie(singleCookie(req, cookieName) ?? '', keyring);
        setCurrentIdOnly(req, res, sent?.id, { sessions: options.store.sessions, keyring });
        next(error);
      });
      return;
    }
    req.session = session as LoadedSession;
    admitted(res, session, false, options);
    next();
  };
  // First why a session is over, then what the gate's own session is worth, and only then may one begin.
  return [
    refuseAmbiguous,
    loadUnlessReadOnly,
    unlessAdmitted((req, res) => tellEnded(req, res, options).then((told) => !told)),
    options.refuseEndedAtGate,
    unlessAdmitted((req, res) => admit(req, res, options)),
  ];
}

/** Goes on where the session is admitted already, or where `step` says so; else the request is answered. */
function unlessAdmitted(step: (req: Request, res: Response) => Promise<boolean>): RequestHandler {
  return async (req, res, next) => {
    if (res.locals.session || (await step(req, res))) next();
  };
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
    options.keepGateLink(res, live);
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
  await beginSession(req, res, personOf(res), options);
  const begun = req.session as LoadedSession;
  options.keepGateLink(res, begun);
  admitted(res, begun, true, options);
  return true;
}

function admitted(
  res: Response,
  session: AdmittedSession,
  isNew: boolean,
  { rememberOwner }: AdmitOptions,
): void {
  rememberOwner(res, session);
  res.locals.session = session;
  res.locals.isNewSession = isNew;
}

function hasCookie(req: Request, { cookieName }: AdmitOptions): boolean {
  return singleCookie(req, cookieName) !== undefined;
}

/** A cookie that a former key signed is signed by the present one: any change makes express-session set it again. */
function signAnew(req: Request, live: LoadedSession, { keyring, cookieName, now }: AdmitOptions): void {
  const sent = singleCookie(req, cookieName) ?? '';
  if (signedBy(sent, keyring) !== 'fallback') return;
  live.resignedAt = now();
  renewCookie(live);
}
