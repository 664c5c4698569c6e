// The anti-forgery token, bound to the session (ASVS 3.5.1): in a header or in the body, never in the address.
import csurf from 'csurf';
import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import type { Recorder } from '../audit/recorder.ts';
import { requestFacts } from '../http/request-facts.ts';

/** csurf in session mode. Its default would take the token from the query too, where logs and histories keep it. */
export function checkCsrf(): RequestHandler {
  return csurf({
    value: (req: Request) => {
      const header = req.headers['x-csrf-token'];
      const field: unknown = (req.body as Record<string, unknown> | undefined)?.['_csrf'];
      const token = header ?? field;
      return typeof token === 'string' ? token : '';
    },
  }) as RequestHandler;
}

export function recordCsrf(recorder: Recorder): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    const refused = (error as { code?: unknown }).code === 'EBADCSRFTOKEN';
    if (refused) {
      const { person } = res.locals;
      recorder.note({
        event: 'csrf.rejected',
        outcome: 'refused',
        reason: 'token',
        ...(person && { person: { id: person.id, email: person.email } }),
        ...requestFacts(req),
      });
    }
    next(error);
  };
}
