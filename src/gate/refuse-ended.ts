// Middleware that refuses what was ended here, even if oauth2-proxy still lets it through. Invariants 1 and 3.

import type { RequestHandler } from 'express';
import type { Recorder } from '../audit/recorder.ts';
import { HttpError, sendProblem } from '../http/errors.ts';
import { isNavigation, safeReturnPath } from '../http/navigation.ts';
import { personOf } from '../http/person.ts';
import { requestFacts } from '../http/request-facts.ts';
import type { GatePaths } from './paths.ts';
import type { GateRevocation, GateState } from './revocation.ts';

declare global {
  namespace Express {
    interface Locals {
      /** The gate session of this request; set behind the gate. */
      gate?: GateState;
      /** Whether oauth2-proxy let through a session that was ended. */
      endedAtGate?: boolean;
    }
  }
}

export interface RefuseEndedOptions {
  readonly revocation: GateRevocation;
  readonly paths: GatePaths;
  readonly recorder: Recorder;
}

/** Runs after `requirePerson`: reads the gate session and compares. `refuseEnded` answers if it was ended. */
export function inspectGate({ revocation, recorder }: RefuseEndedOptions): RequestHandler {
  return async (req, res, next) => {
    const found = await revocation.inspect(req, personOf(res));
    switch (found.verdict) {
      case 'goes on':
        res.locals.gate = found.gate;
        next();
        return;
      case 'another person':
        recorder.note({
          event: 'gate.untrusted',
          outcome: 'refused',
          reason: 'the session names another person',
          ...requestFacts(req),
        });
        next(new HttpError('bad_identity'));
        return;
      case 'ended':
        res.locals.endedAtGate = true;
        next();
    }
  };
}

/**
 * Runs after a browser was told why its own session ended, and before a new one can be created: refuses what was ended at the gate. A
 * page goes through oauth2-proxy's sign-out, which removes the cookie; a script gets 401.
 */
export function refuseEnded({ paths, recorder }: RefuseEndedOptions): RequestHandler {
  return (req, res, next) => {
    if (res.locals.endedAtGate !== true) return next();
    const { id, email } = personOf(res);
    recorder.note({
      event: 'gate.refused',
      outcome: 'refused',
      reason: 'ended',
      person: { id, email },
      ...requestFacts(req),
    });
    res.setHeader('Cache-Control', 'no-store');
    const signInAgain = paths.signInAgain(isNavigation(req) ? safeReturnPath(req.originalUrl) : '/dashboard');
    if (isNavigation(req)) res.redirect(303, signInAgain);
    else sendProblem(req, res, 'no_session', signInAgain);
  };
}
