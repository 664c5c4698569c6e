// GET /api/me: who is asking, by which session, and the token for changes.
import type { RequestHandler, Response } from 'express';
import { sessionOf } from '../admission/request-session.ts';
import type { SessionLimits } from '../rules/session.ts';
import { summaryOf, viewSession } from '../rules/session-view.ts';

export interface ApiMeOptions {
  readonly limits: SessionLimits;
  readonly personOf: (res: Response) => {
    readonly id: string;
    readonly email: string;
    readonly operator: boolean;
  };
}

export function apiMe({ limits, personOf }: ApiMeOptions): RequestHandler {
  return (req, res) => {
    const { id, email, operator } = personOf(res);
    const session = summaryOf(sessionOf(res), limits);
    res.json({
      person: { id, email, operator },
      session: viewSession(session, session.handle),
      csrfToken: req.csrfToken(),
    });
  };
}
