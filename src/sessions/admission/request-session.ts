// The session that express-session holds for a request, with what this house knows of it.
import type { Request, Response } from 'express';
import type { SessionEnd } from '../../store/contract.ts';
import type { AdmittedSession, LoadedSession } from './express-store.ts';

declare global {
  namespace Express {
    interface Locals {
      /** The live session of this request, once admitted. */
      session?: AdmittedSession;
      /** Whether this request began it. */
      isNewSession?: boolean;
      /** How the session ended that this browser had before. */
      endedBefore?: SessionEnd;
    }
  }
}

/** The session that `admitSession` admitted. @throws where a route forgot to ask for one. */
export function sessionOf(res: Response): AdmittedSession {
  const { session: live } = res.locals;
  if (!live) throw new Error('this route has no session');
  return live;
}

/** The session of a request that changes something. @throws at one that only reads: nothing of it would be saved. */
export function changeableSession(req: Request): LoadedSession {
  const live = loadedSession(req);
  if (!live || Object.isFrozen(live)) throw new Error('a request that only reads changes no session');
  return live;
}

/** undefined where express-session made an empty one because the browser brought none. */
export function loadedSession(req: Request): LoadedSession | undefined {
  const loaded = req.session as LoadedSession | undefined;
  return loaded?.handle === undefined ? undefined : loaded;
}

/** Nothing of this request's session is saved, and no cookie is set for it. */
export function forget(req: Request): void {
  Reflect.deleteProperty(req, 'session');
}
