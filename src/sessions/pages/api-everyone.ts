// GET and DELETE under /api/admin/sessions, POST /api/admin/users/:id/revoke: the API for everyone's sessions. `routes.ts` allows
// only operators.
import type { RequestHandler } from 'express';
import { z } from 'zod';
import { HttpError } from '../../http/errors.ts';
import { emptyForm, parseInput } from '../../http/form.ts';
import type { PersonTable } from '../../store/contract.ts';
import { sessionOf } from '../admission/request-session.ts';
import { summaryOfRow, viewReceipt, viewSession } from '../rules/session-view.ts';
import { viewEnded } from './api-sessions.ts';
import { anyByHandle, endAny, endPerson, livePage, type SessionActionOptions } from './session-actions.ts';

const query = z.strictObject({
  cursor: z.string().min(1).max(1000).optional(),
  /** Prefix of an email address; results are then sorted by address. */
  q: z.string().trim().toLowerCase().min(1).max(254).optional(),
  sort: z.enum(['seen', 'created', 'email']).default('seen'),
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .pipe(z.number().min(1).max(100))
    .default(50),
});
const subject = z.string().min(1).max(255);

export function listAllSessions(options: SessionActionOptions): RequestHandler {
  return async (req, res) => {
    const { cursor, q, sort, limit } = parseInput(query, req.query);
    const page = await livePage(
      {
        sort,
        limit,
        ...(q !== undefined && { emailPrefix: q }),
        ...(cursor !== undefined && { cursor }),
      },
      options,
    );
    const { handle } = sessionOf(res);
    res.json({
      sessions: page.rows.map((row) => viewSession(summaryOfRow(row, options.limits), handle)),
      next: page.next ?? null,
    });
  };
}

export function deleteAnySession(options: SessionActionOptions): RequestHandler {
  return async (req, res) => {
    parseInput(emptyForm, req.body);
    const row = await anyByHandle(req.params['handle'], options);
    const { receipt, follows } = await endAny(row, res, options);
    res.json(viewReceipt(receipt, follows));
  };
}

export function revokePerson(
  options: SessionActionOptions & { readonly people: PersonTable },
): RequestHandler {
  return async (req, res) => {
    parseInput(emptyForm, req.body);
    const id = subject.safeParse(req.params['id']);
    const person = id.success ? await options.people.read(id.data) : undefined;
    if (!person) throw new HttpError('not_found');
    const ended = await endPerson(person.id, res, options);
    res.json({ receipts: ended.map(viewEnded) });
  };
}
