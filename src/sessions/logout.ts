// POST /logout: the session ends on the server, the browser forgets, and the gate is told.
import type { RequestHandler } from 'express';
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
