// Checks that a request's session is still valid at the time of the change. A request is admitted at its first byte, but its body may take
// half a minute to arrive: every change checks again once the body is read, and long responses check repeatedly (invariant 3).
import type { Request, RequestHandler, Response } from 'express';
import { duringChange } from '../../audit/confirmed-change.ts';
import { digest } from '../../crypto/tokens.ts';
import { HttpError } from '../../http/errors.ts';
import '../../http/long-response.ts';
import type { SessionTable } from '../../store/contract-sessions.ts';
import { endOf, type SessionLimits, stateOfId } from '../rules/session.ts';
import { keyOf } from '../rules/session-id.ts';
import { sessionOf } from './request-session.ts';

export interface ConfirmOptions {
  readonly sessions: SessionTable;
  readonly limits: SessionLimits;
  readonly now: () => number;
  /** Whether the gate's session of this request ended after the request was admitted. @throws StoreUnavailable */
  readonly isEndedAtGate: (req: Request, res: Response) => Promise<boolean>;
}

/**
 * Runs last before a handler: sets the check that long responses repeat, and checks before a change.
 * @returns a handler that refuses a change with `session_ended` if the session ended after it was admitted, here or at the gate, and
 * with `bad_csrf_token` if its id was replaced and is no longer valid: the submitted page is out of date
 */
export function confirmChanges(options: ConfirmOptions): RequestHandler {
  const { sessions, limits, now, isEndedAtGate } = options;
  return async (req, res, next) => {
    res.locals.stillAdmitted = () => isStillAdmitted(req, res, options);
    if (req.method === 'GET' || req.method === 'HEAD') return next();
    const { sessionID } = req;
    const { personId } = sessionOf(res);
    const confirm = async () => {
      const [row, isEnded] = await Promise.all([sessions.read(keyOf(sessionID)), isEndedAtGate(req, res)]);
      if (isEnded || !row || row.personId !== personId || endOf(row, limits, now()))
        throw new HttpError('session_ended');
      if (stateOfId(row, digest(sessionID), now()) === 'replayed') throw new HttpError('bad_csrf_token');
    };
    await confirm();
    duringChange(confirm, next);
  };
}

async function isStillAdmitted(
  req: Request,
  res: Response,
  { sessions, limits, now, isEndedAtGate }: ConfirmOptions,
): Promise<boolean> {
  const [row, isEnded] = await Promise.all([
    sessions.findByHandle(sessionOf(res).handle),
    isEndedAtGate(req, res),
  ]);
  return !isEnded && row !== undefined && !endOf(row, limits, now());
}
