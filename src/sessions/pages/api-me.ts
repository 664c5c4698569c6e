// GET /api/me: the signed-in person, this session, and the CSRF token.

import type { RequestHandler } from 'express';
import { personOf } from '../../http/person.ts';
import { sessionOf } from '../admission/request-session.ts';
import type { SessionLimits } from '../rules/session.ts';
import { summaryOf, viewSession } from '../rules/session-view.ts';

export interface ApiMeOptions {
  readonly limits: SessionLimits;
}

export function apiMe({ limits }: ApiMeOptions): RequestHandler {
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
