// Loads the session of a signed-in request with express-session, reports why it ended if it did, and otherwise admits it or
// creates a new one. Invariant 3: an ended session stays ended.

import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import session from 'express-session';
import { bounce } from '../../../views/bounce.ts';
import { HttpError, sendProblem } from '../../http/errors.ts';
import { isCrossSite, isNavigation } from '../../http/navigation.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import { personOf } from '../../http/person.ts';
import { isAmbiguous, singleCookie } from '../../http/request-cookies.ts';
import { clearCookie } from '../../http/response-cookies.ts';
import type { AdmittedSession, LoadedSession } from './express-store.ts';
import type { AdmitOptions } from './options.ts';
import { admitReadOnly } from './read-only-admission.ts';
import { forget, loadedSession } from './request-session.ts';
import { setCurrentIdOnly } from './response-cookie.ts';
import { keepIdFresh } from './rotation.ts';
import { readSessionCookie, renewCookie, signedBy } from './session-cookie.ts';
import { startSession } from './sign-in.ts';
import { answerIfEnded } from './validate.ts';

/** The handlers between the gate and the CSRF check, in order. After them, `res.locals.session` is a live session. */
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
    const session = await admitReadOnly(req, res, options);
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
  // In this order: report an ended session, check the gate's own session, and only then create a new one.
  return [
    refuseAmbiguous,
    loadUnlessReadOnly,
    unlessAdmitted((req, res) => answerIfEnded(req, res, options).then((told) => !told)),
    options.refuseEndedAtGate,
    unlessAdmitted((req, res) => admit(req, res, options)),
  ];
}

/** Continues if the session is already admitted or if `step` returns true; otherwise `step` has answered the request. */
function unlessAdmitted(step: (req: Request, res: Response) => Promise<boolean>): RequestHandler {
  return async (req, res, next) => {
    if (res.locals.session || (await step(req, res))) next();
  };
}

/** A failed request leaves its session unchanged: nothing is saved and no cookie is set. */
export const keepSessionOnError: ErrorRequestHandler = (error, req, _res, next) => {
  forget(req);
  next(error);
};

/** @returns false if the request has been answered. */
async function admit(req: Request, res: Response, options: AdmitOptions): Promise<boolean> {
  const found = loadedSession(req);
  if (found) {
    await keepIdFresh(req, found, { ...options, sessions: options.store.sessions });
    const live = loadedSession(req) ?? found;
    resignCookie(req, live, options);
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
    sendSameSiteRetry(req, res);
    return false;
  }
  await startSession(req, res, personOf(res), options);
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

/** Re-signs a cookie that was signed with a former key: any change makes express-session set the cookie again. */
function resignCookie(req: Request, live: LoadedSession, { keyring, cookieName, now }: AdmitOptions): void {
  const sent = singleCookie(req, cookieName) ?? '';
  if (signedBy(sent, keyring) !== 'fallback') return;
  live.resignedAt = now();
  renewCookie(live);
}

/**
 * Asks the browser to repeat the request from this site: a click on another site arrives without a SameSite=Strict cookie, and
 * every such click would otherwise create another session.
 */
function sendSameSiteRetry(req: Request, res: Response): void {
  res.setHeader('Cache-Control', 'no-store');
  sendPage(res, bounce(pageFrame(req, res)));
}
