// Middleware: only operators from here on, decided anew at every request, so that a role that was lost is lost at once.

import type { Request, RequestHandler, Response } from 'express';
import { HttpError } from './errors.ts';
import { personOf } from './person.ts';

/** @param denied hears of each refusal */
export function requireOperator(denied: (req: Request, res: Response) => void): RequestHandler {
  return (req, res, next) => {
    const refusal = personOf(res).operator ? undefined : new HttpError('not_operator');
    if (refusal) denied(req, res);
    next(refusal);
  };
}
