// Middleware that admits only operators, checked at every request, so that a revoked role is lost immediately.

import type { Request, RequestHandler, Response } from 'express';
import { HttpError } from './errors.ts';
import { personOf } from './person.ts';

/** @param denied called for each refusal */
export function requireOperator(denied: (req: Request, res: Response) => void): RequestHandler {
  return (req, res, next) => {
    const refusal = personOf(res).operator ? undefined : new HttpError('not_operator');
    if (refusal) denied(req, res);
    next(refusal);
  };
}
