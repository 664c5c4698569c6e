// Middleware: only operators from here on, decided anew at every request, so that a role that was lost is lost at once.
import type { RequestHandler, Response } from 'express';
import { HttpError } from './errors.ts';

export function requireOperator(personOf: (res: Response) => { readonly operator: boolean }): RequestHandler {
  return (_req, res, next) => next(personOf(res).operator ? undefined : new HttpError('not_operator'));
}
