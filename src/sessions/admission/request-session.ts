// Typed access to the session of a request.
import type { Request, Response } from 'express';
import type { SessionEnd } from '../../store/contract-sessions.ts';
import type { AdmittedSession, LoadedSession } from './express-store.ts';

declare global {
  namespace Express {
    interface Locals {
      /** The live session of this request, after admission. */
      session?: AdmittedSession;
      /** Whether this request created it. */
      isNewSession?: boolean;
      /** How this browser's previous session ended. */
      endedBefore?: SessionEnd;
    }
  }
}

/** The session that `admitSession` admitted. @throws if the route does not require a session */
export function sessionOf(res: Response): AdmittedSession {
  const { session: live } = res.locals;
  if (!live) throw new Error('this route has no session');
  return live;
}

/** The session of a request that changes something. @throws for a read-only request, whose changes would not be saved */
export function changeableSession(req: Request): LoadedSession {
  const live = loadedSession(req);
  if (!live || Object.isFrozen(live)) throw new Error('a request that only reads changes no session');
  return live;
}

/** undefined if the browser presented no session: express-session then creates an empty one. */
export function loadedSession(req: Request): LoadedSession | undefined {
  const loaded = req.session as LoadedSession | undefined;
  return loaded?.handle === undefined ? undefined : loaded;
}

/** Detaches the session from the request: nothing is saved and no cookie is set. */
export function forget(req: Request): void {
  Reflect.deleteProperty(req, 'session');
}
