// Validates the input of a request (a form, JSON or a query) against its schema.
import { z } from 'zod';
import { HttpError } from './errors.ts';

/** The field of the CSRF token, which `sessions/admission/csrf.ts` checks. */
export const tokenField = { _csrf: z.string().optional() };

/** A form with nothing but the token. */
export const emptyForm = z.strictObject(tokenField);

/** @throws HttpError bad_request where `input` does not match `schema` */
export function parseInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw new HttpError('bad_request');
  return parsed.data;
}
