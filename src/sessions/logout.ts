// GET /logout asks; POST /logout ends the session on the server, makes the browser forget, and tells the gate.
import type { RequestHandler } from 'express';
import { signOutQuestion } from '../../views/sign-out.ts';
import { pageFrame, sendPage } from '../http/page.ts';
import { clearCookie } from '../http/set-cookie.ts';
import type { SessionTable } from '../store/contract.ts';
import type { Ending } from './ending.ts';
import { sessionOf } from './request-session.ts';
import type { SessionCookieAttributes } from './session-cookie.ts';
import { keyOf } from './session-id.ts';

export interface LogoutOptions {
  readonly sessions: SessionTable;
  readonly ending: Ending;
  readonly cookieName: string;
  readonly cookie: SessionCookieAttributes;
  /** Where the browser goes next: through the gate's own sign-out to a public page. */
  readonly signOutPath: string;
}

/** Where a sign-out leads that arrived after the gate's session had ended: the browser is signed in again, so it is asked again. */
export function confirmLogout(): RequestHandler {
  return (req, res) => sendPage(res, signOutQuestion(pageFrame(req, res)));
}

export function logout(options: LogoutOptions): RequestHandler {
  const { sessions, ending, cookieName, cookie, signOutPath } = options;
  return async (req, res) => {
    const { personId: id, email } = sessionOf(res);
    const row = await sessions.read(keyOf(req.sessionID));
    if (row) await ending.one(row, { reason: 'signed_out', by: { id, email } });
    Reflect.deleteProperty(req, 'session');
    clearCookie(res, cookieName, cookie);
    // Not "cookies": that would take the gate's cookie away before the gate can end the session that it names.
    res.setHeader('Clear-Site-Data', '"cache", "storage"');
    res.redirect(303, signOutPath);
  };
}
