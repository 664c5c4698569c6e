// GET /api/me: the signed-in person, this session, and the CSRF token.

import type { RequestHandler } from 'express';
import { type Person, personOf } from '../../http/person.ts';
import type { AdmittedSession } from '../admission/express-store.ts';
import { sessionOf } from '../admission/request-session.ts';
import type { SessionLimits } from '../rules/session.ts';
import { summaryOf, viewSession } from '../rules/session-view.ts';

export interface ApiMeOptions {
  readonly limits: SessionLimits;
}

export function apiMe({ limits }: ApiMeOptions): RequestHandler {
  return (req, res) => {
    res.json(meOf(personOf(res), sessionOf(res), limits, req.csrfToken()));
  };
}

/** The body of the response. */
export function meOf(
  { id, email, operator }: Person,
  session: AdmittedSession,
  limits: SessionLimits,
  csrfToken: string,
) {
  const summary = summaryOf(session, limits);
  return {
    person: { id, email, operator },
    session: viewSession(summary, summary.handle),
    csrfToken,
  };
}
