// Whether a request's session may still do what it was admitted for. A request is admitted at its first byte, and its body may take
// half a minute to come: every change asks again when the body is there, and answers that go on for long ask as they go (invariant 3).
import type { Request, RequestHandler, Response } from 'express';
import { duringChange } from '../../audit/confirmed-change.ts';
import { digest } from '../../crypto/tokens.ts';
import { HttpError } from '../../http/errors.ts';
import '../../http/long-response.ts';
import type { SessionTable } from '../../store/contract.ts';
import { endOf, type SessionLimits, stateOfId } from '../rules/session.ts';
import { keyOf } from '../rules/session-id.ts';
import { sessionOf } from './request-session.ts';

export interface ConfirmOptions {
  readonly sessions: SessionTable;
  readonly limits: SessionLimits;
  readonly now: () => number;
  /** Whether the gate's session of this request was ended since it was admitted. @throws StoreUnavailable */
  readonly isEndedAtGate: (req: Request, res: Response) => Promise<boolean>;
}

/**
 * Last before a handler: leaves word how an answer that goes on for long asks again, and asks before a change.
 * @returns refuses a change with `session_ended` where the session ended since it was admitted, here or at the gate, and with
 * `bad_csrf_token` where its id was replaced and is no longer good: the page that was sent is out of date
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
