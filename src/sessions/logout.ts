// POST /logout: the session ends on the server, the browser forgets, and the gate is told.
import type { RequestHandler } from 'express';
import type { Logger } from '../http/log.ts';
import { clearCookie } from '../http/set-cookie.ts';
import type { SessionTable } from '../store/contract.ts';
import { sessionOf } from './admit.ts';
import type { SessionCookieAttributes } from './session-cookie.ts';
import { keyOf } from './session-id.ts';

export interface LogoutOptions {
  readonly sessions: SessionTable;
  readonly cookieName: string;
  readonly cookie: SessionCookieAttributes;
  /** Where the browser goes next: through the gate's own sign-out to a public page. */
  readonly signOutPath: string;
  readonly now: () => number;
  readonly logger: Logger;
}

export function logout(options: LogoutOptions): RequestHandler {
  const { sessions, cookieName, cookie, signOutPath, now, logger } = options;
  return async (req, res) => {
    const { handle } = sessionOf(res);
    await sessions.end(keyOf(req.sessionID), { at: now(), reason: 'signed_out' });
    logger.info({ event: 'session.revoked', reason: 'signed_out', handle, reqId: req.id });
    Reflect.deleteProperty(req, 'session');
    clearCookie(res, cookieName, cookie);
    // Not "cookies": that would take the gate's cookie away before the gate can end the session that it names.
    res.setHeader('Clear-Site-Data', '"cache", "storage"');
    res.redirect(303, signOutPath);
  };
}
