// Middleware: what was ended here is refused, even where the gate still lets it in. Invariants 1 and 3.

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
      /** This request's session at the gate; set behind the gate. */
      gate?: GateState;
      /** Whether the gate let through what was ended. */
      endedAtGate?: boolean;
    }
  }
}

export interface RefuseEndedOptions {
  readonly revocation: GateRevocation;
  readonly paths: GatePaths;
  readonly recorder: Recorder;
}

/** After `requirePerson`: opens the gate's session and compares. Whether it was ended is answered by `refuseEnded`. */
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
 * After a browser was told why its own session is over, and before one may begin: what was ended at the gate is refused.
 * A page goes through the gate's own sign-out, which takes the cookie away; a script gets 401.
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
