// Middleware: what was ended here is refused, even where the gate still lets it in. Invariants 1 and 3.
import type { RequestHandler } from 'express';
import { HttpError, sendProblem } from '../http/errors.ts';
import type { Logger } from '../http/log.ts';
import { isNavigation, safeReturnPath } from '../http/navigation.ts';
import type { GateEnding, GateState } from './ending.ts';
import { personOf } from './identity.ts';
import type { GatePaths } from './paths.ts';

declare global {
  namespace Express {
    interface Locals {
      /** This request's session at the gate; set behind the gate. */
      gate?: GateState;
      /** Whether the gate let through what was ended. */
      endedAtGate?: boolean;
    }
  }
}

export interface RefuseEndedOptions {
  readonly ending: GateEnding;
  readonly paths: GatePaths;
  readonly logger: Logger;
}

/** After `requirePerson`: opens the gate's session and compares. Whether it was ended is answered by `refuseEnded`. */
export function inspectGate({ ending, logger }: RefuseEndedOptions): RequestHandler {
  return async (req, res, next) => {
    const found = await ending.inspect(req, personOf(res));
    switch (found.verdict) {
      case 'goes on':
        res.locals.gate = found.gate;
        next();
        return;
      case 'another person':
        logger.warn({ event: 'gate.untrusted', reason: 'the session names another person', reqId: req.id });
        next(new HttpError('bad_identity'));
        return;
      case 'ended':
        res.locals.endedAtGate = true;
        next();
    }
  };
}

/**
 * After a browser was told why its own session is over, and before one may begin: what was ended at the gate is refused.
 * A page goes through the gate's own sign-out, which takes the cookie away; a script gets 401.
 */
export function refuseEnded({ paths, logger }: RefuseEndedOptions): RequestHandler {
  return (req, res, next) => {
    if (res.locals.endedAtGate !== true) return next();
    logger.info({ event: 'gate.refused', reason: 'ended', reqId: req.id });
    res.setHeader('Cache-Control', 'no-store');
    const signInAgain = paths.signInAgain(isNavigation(req) ? safeReturnPath(req.originalUrl) : '/dashboard');
    if (isNavigation(req)) res.redirect(303, signInAgain);
    else sendProblem(req, res, 'no_session', signInAgain);
  };
}
