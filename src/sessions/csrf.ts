// The anti-forgery token, bound to the session (ASVS 3.5.1): in a header or in the body, never in the address.
import csurf from 'csurf';
import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import type { Logger } from '../http/log.ts';

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

export function logCsrf(logger: Logger): ErrorRequestHandler {
  return (error: unknown, req, _res, next) => {
    const refused = (error as { code?: unknown }).code === 'EBADCSRFTOKEN';
    if (refused) logger.warn({ event: 'csrf.rejected', reason: 'token', reqId: req.id });
    next(error);
  };
}
