// The session cookie of a response. express-session sets the id that the request arrived with, but a concurrent request may have
// replaced it meanwhile; a browser that received the old id would later be signed out for presenting a stolen copy. So a response
// that sets the cookie reads the row again and sets the id that is valid then, or none (invariant 6).
import type { Request, Response } from 'express';
import type { Keyring } from '../../crypto/keyring.ts';
import { digest } from '../../crypto/tokens.ts';
import type { SessionTable } from '../../store/contract-sessions.ts';
import { keyOf } from '../rules/session-id.ts';
import { forget, loadedSession } from './request-session.ts';
import { replaceId, successorOf } from './rotation.ts';

export interface ResponseCookieOptions {
  readonly sessions: SessionTable;
  readonly keyring: Keyring;
}

/** Call after express-session has loaded, so that its own end-of-response hook runs after this one. @param sentId the id that the browser sent */
export function setCurrentIdOnly(
  req: Request,
  res: Response,
  sentId: string | undefined,
  options: ResponseCookieOptions,
): void {
  const end = res.end.bind(res) as (...args: unknown[]) => Response;
  const writeHead = res.writeHead.bind(res) as (...args: unknown[]) => Response;
  let isKnown = false;
  const setsCookie = () => {
    const live = loadedSession(req);
    return live !== undefined && (req.sessionID !== sentId || live.cookie.expires != null);
  };

  // A streamed response, or one whose headers are sent first, must not set a cookie that was not checked.
  res.writeHead = ((...args: unknown[]) => {
    if (!isKnown && setsCookie()) forget(req);
    return writeHead(...args);
  }) as typeof res.writeHead;

  res.end = ((...args: unknown[]) => {
    if (res.headersSent || !setsCookie()) return end(...args);
    void takeCurrentId(req, options).then(
      () => {
        isKnown = true;
        end(...args);
      },
      () => {
        // The current id is unknown: send the response without a cookie.
        forget(req);
        end(...args);
      },
    );
    return res;
  }) as typeof res.end;
}

async function takeCurrentId(req: Request, { sessions, keyring }: ResponseCookieOptions): Promise<void> {
  const id = req.sessionID;
  const row = await sessions.read(keyOf(id));
  const live = loadedSession(req);
  if (!live) return;
  if (row && !row.ended && row.idHash === digest(id)) return;
  const previous = row?.ended ? undefined : row?.previous;
  const successor =
    row && previous?.idHash === digest(id) ? successorOf(keyring, id, previous.salt, row.idHash) : undefined;
  if (previous === undefined || successor === undefined) forget(req);
  else replaceId(req, live, successor, previous);
}
