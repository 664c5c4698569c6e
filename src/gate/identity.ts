// Middleware that identifies the person of every request anew. Without a person, nothing behind the gate is reached.
import type { Request, RequestHandler, Response } from 'express';
import type { Recorder } from '../audit/recorder.ts';
import { HttpError, sendProblem } from '../http/errors.ts';
import { isNavigation, safeReturnPath } from '../http/navigation.ts';
import { addToFrame } from '../http/page.ts';
import type { Person } from '../http/person.ts';
import { requestFacts } from '../http/request-facts.ts';
import { readGateCookie } from './cookie-value.ts';
import type { GatePaths } from './paths.ts';
import { readProof } from './proof.ts';

export interface GateOptions {
  /** Read at each request, because a reload can replace them. Newest first. */
  readonly secrets: () => readonly string[];
  /** Called with each former secret that a request still proved itself with. */
  readonly noteFormer: (secret: string) => void;
  readonly operators: ReadonlySet<string>;
  readonly cookieName: string;
  readonly devMode: boolean;
  readonly paths: GatePaths;
  readonly recorder: Recorder;
}

const developer: Person = { id: 'dev', email: 'dev@localhost', operator: true };

/** Sets `res.locals.person`, or answers: 401 for scripts, a redirect to the gate for people. */
export function requirePerson(options: GateOptions): RequestHandler {
  const { operators, devMode, recorder } = options;
  return (req, res, next) => {
    if (devMode) {
      admit(res, developer);
      next();
      return;
    }
    const secrets = options.secrets();
    const proof = readProof(req, secrets);
    switch (proof.kind) {
      case 'person':
        if (proof.secret > 0) options.noteFormer(secrets[proof.secret] ?? '');
        admit(res, { ...proof.identity, operator: operators.has(proof.identity.email) });
        next();
        return;
      case 'malformed':
        recorder.note({
          event: 'signin.denied',
          outcome: 'refused',
          reason: proof.kind,
          ...requestFacts(req),
        });
        next(new HttpError('bad_identity'));
        return;
      case 'untrusted':
        recorder.note({ event: 'gate.untrusted', outcome: 'refused', ...requestFacts(req) });
        refuse(req, res, options, true);
        return;
      case 'anonymous':
        refuse(req, res, options, readGateCookie(req, options.cookieName) !== undefined);
    }
  };
}

function admit(res: Response, person: Person): void {
  res.locals.person = person;
  addToFrame(res, { person: { email: person.email, operator: person.operator } });
}

/**
 * Sends a person to sign in, unless oauth2-proxy already let them through but the proof was not accepted: that would be a redirect
 * loop, so a page explains it instead.
 */
function refuse(req: Request, res: Response, { paths }: GateOptions, cameThroughGate: boolean): void {
  const signInPath = paths.signIn(safeReturnPath(req.originalUrl));
  res.setHeader('Cache-Control', 'no-store');
  if (cameThroughGate && isNavigation(req)) sendProblem(req, res, 'gate_untrusted');
  else if (isNavigation(req)) res.redirect(303, signInPath);
  else sendProblem(req, res, 'no_session', signInPath);
}
