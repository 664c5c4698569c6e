// GET /access, POST /access/add, GET and POST /access/remove: the allow-list for operators. `routes.ts` admits only operators.

import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { type AccessProps, access as listPage } from '../../views/access.ts';
import { accessRemove } from '../../views/access-remove.ts';
import type { AccessRefusal } from '../../views/access-words.ts';
import { parseInput, tokenField } from '../http/form.ts';
import { pageFrame, sendPage } from '../http/page.ts';
import { personOf } from '../http/person.ts';
import type { Access, Refusal } from './access.ts';

export interface AccessPagesOptions {
  readonly access: Access;
}

const addForm = z.strictObject({
  ...tokenField,
  email: z.string().max(1000),
  comment: z.string().max(1000).default(''),
});
const removeForm = z.strictObject({ ...tokenField, email: z.string().min(1).max(1000) });
const removeQuery = z.object({ email: z.string().min(1).max(1000) });

const statusOf = { invalid: 422, present: 409, broken: 409, fault: 503 } as const;

export function accessPage(options: AccessPagesOptions): RequestHandler {
  return (req, res) => {
    const done = doneOf(req);
    sendPage(res, listPage(pageFrame(req, res), { ...propsOf(options, res), ...(done && { done }) }));
  };
}

export function addAccess(options: AccessPagesOptions): RequestHandler {
  return async (req, res) => {
    const { email, comment } = parseInput(addForm, req.body);
    const outcome = await options.access.add(email, comment, personOf(res));
    if (outcome.kind === 'added' || outcome.kind === 'created') {
      res.redirect(303, `/access?done=${outcome.kind}`);
      return;
    }
    const why = outcome.kind === 'invalid' || outcome.kind === 'present' ? outcome.kind : refusalOf(outcome);
    const props = { ...propsOf(options, res), refused: { email, comment, why } };
    res.status(statusOf[outcome.kind]);
    sendPage(res, listPage(pageFrame(req, res), props));
  };
}

export function confirmRemoveAccess(options: AccessPagesOptions): RequestHandler {
  return (req, res) => {
    const { email } = parseInput(removeQuery, req.query);
    const found = options.access.checkRemoval(email, personOf(res));
    const comment = found.kind === 'listed' ? found.entry.comment : undefined;
    const state = found.kind === 'broken' || found.kind === 'fault' ? refusalOf(found) : found.kind;
    sendRemovePage(req, res, options, email, state, comment);
  };
}

export function removeAccess(options: AccessPagesOptions): RequestHandler {
  return async (req, res) => {
    const { email } = parseInput(removeForm, req.body);
    const outcome = await options.access.remove(email, personOf(res));
    switch (outcome.kind) {
      case 'removed':
      case 'absent':
        res.redirect(303, `/access?done=removed&ended=${outcome.ended}`);
        return;
      case 'not-ended':
        res.status(503);
        sendRemovePage(req, res, options, email, outcome.kind);
        return;
      case 'yourself':
      case 'last':
        res.status(409);
        sendRemovePage(req, res, options, email, outcome.kind);
        return;
      case 'broken':
      case 'fault':
        res.status(statusOf[outcome.kind]);
        sendRemovePage(req, res, options, email, refusalOf(outcome));
    }
  };
}

function sendRemovePage(
  req: Request,
  res: Response,
  { access }: AccessPagesOptions,
  email: string,
  state: Parameters<typeof accessRemove>[1]['state'],
  comment?: string,
): void {
  const facts = { operator: access.isOperator(email), inByDomain: access.isInByDomain(email) };
  sendPage(res, accessRemove(pageFrame(req, res), { email, comment, state, ...facts }));
}

function propsOf({ access }: AccessPagesOptions, res: Response): AccessProps {
  const you = personOf(res).email;
  const shown = access.show();
  const { path, emailDomains } = access;
  if (shown.kind !== 'list') {
    return { path, emailDomains, list: { kind: 'refused', refusal: refusalOf(shown) }, unlisted: [] };
  }
  const entries = shown.entries.map((entry) => ({
    ...entry,
    operator: access.isOperator(entry.email),
    you: entry.email === you,
  }));
  const unlisted = shown.unlisted.map((email) => ({ email, inByDomain: access.isInByDomain(email) }));
  return { path, emailDomains, list: { kind: 'list', entries }, unlisted };
}

function refusalOf(refusal: Refusal): AccessRefusal {
  return refusal.kind === 'fault' ? { kind: refusal.fault } : refusal;
}

function doneOf({ query }: Request): AccessProps['done'] {
  const { done, ended } = query;
  if (done === 'added' || done === 'created') return done;
  return done === 'removed' && typeof ended === 'string' && /^\d{1,6}$/.test(ended)
    ? { removed: Number(ended) }
    : undefined;
}
