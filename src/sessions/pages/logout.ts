// GET /logout asks for confirmation; POST /logout ends the session on the server and at the gate and clears the browser's data. Signing out
// works even if the store or the audit log is down: the page then says what is still to be done.
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { signOutQuestion } from '../../../views/signed-out.ts';
import type { Keyring } from '../../crypto/keyring.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import { singleCookie } from '../../http/request-cookies.ts';
import { clearCookie } from '../../http/response-cookies.ts';
import { StoreUnavailable } from '../../store/contract.ts';
import type { SessionTable } from '../../store/contract-sessions.ts';
import { sessionOf } from '../admission/request-session.ts';
import { readSessionCookie, type SessionCookieAttributes } from '../admission/session-cookie.ts';
import type { Follows, Revocation } from '../revocation/revoke.ts';
import { keyOf } from '../rules/session-id.ts';

export interface LogoutOptions {
  readonly sessions: SessionTable;
  readonly revocation: Revocation;
  readonly cookieName: string;
  readonly cookie: SessionCookieAttributes;
  /** Where the browser is redirected: through the gate's own sign-out to a public page. */
  readonly signOutPath: string;
  /** The same if something is still to be done. */
  readonly signOutLatePath: (follows: Follows) => string;
}

/** Also shown if a sign-out arrived after the gate's session had ended: the browser is signed in again, so it is asked again. */
export function confirmLogout(): RequestHandler {
  return (req, res) => sendPage(res, signOutQuestion(pageFrame(req, res)));
}

export function logout(options: LogoutOptions): RequestHandler {
  const { sessions, revocation } = options;
  return async (req, res) => {
    const { personId: id, email } = sessionOf(res);
    const row = await sessions.read(keyOf(req.sessionID));
    const ended = row && (await revocation.one(row, { reason: 'signed_out', by: { id, email } }));
    leave(req, res, ended?.follows, options);
  };
}

export interface LogoutUnreadOptions extends Omit<LogoutOptions, 'sessions'> {
  readonly keyring: Keyring;
}

/**
 * A sign-out while the store cannot even be read: there is no session to check a token against, but the Origin was checked and the
 * cookie is signed, so the browser is signed out, and its session ends as soon as the store is back.
 */
export function logoutUnread(options: LogoutUnreadOptions): ErrorRequestHandler {
  const { revocation, keyring, cookieName } = options;
  return async (error, req, res, next) => {
    const person = res.locals.person;
    const isSignOut = req.method === 'POST' && req.path === '/logout';
    const sent = readSessionCookie(singleCookie(req, cookieName) ?? '', keyring);
    if (!isSignOut || !(error instanceof StoreUnavailable) || !person || !sent || res.headersSent)
      return next(error);
    await revocation.unread(keyOf(sent.id), { reason: 'signed_out', person });
    leave(req, res, 'row', options);
  };
}

function leave(
  req: Request,
  res: Response,
  follows: Follows | undefined,
  options: Omit<LogoutOptions, 'sessions' | 'ending'>,
): void {
  const { cookieName, cookie, signOutPath, signOutLatePath } = options;
  Reflect.deleteProperty(req, 'session');
  clearCookie(res, cookieName, cookie);
  // Not "cookies": that would remove the gate's cookie before the gate can end the session that it names.
  res.setHeader('Clear-Site-Data', '"cache", "storage"');
  res.redirect(303, follows ? signOutLatePath(follows) : signOutPath);
}
