// GET /privacy, POST /privacy/erase, POST /privacy/find, GET /privacy/person, GET /api/privacy/export: one's own data, and for operators
// anybody's. In URLs a person is named by the pseudonym of the record.

import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { privacy, privacyErased } from '../../views/privacy.ts';
import type { PersonRef, Recorder } from '../audit/recorder.ts';
import { HttpError } from '../http/errors.ts';
import { parseInput, tokenField } from '../http/form.ts';
import { pageFrame, sendPage } from '../http/page.ts';
import { personOf } from '../http/person.ts';
import { requestFacts } from '../http/request-facts.ts';
import type { Erase, Erased } from './erase.ts';
import type { PersonExport } from './export.ts';
import type { Somebody } from './person.ts';

export interface PrivacyPagesOptions {
  readonly exportPerson: (who: Somebody) => Promise<PersonExport>;
  readonly erase: Erase;
  readonly recorder: Recorder;
  /** Everyone with this address; undefined if nothing is stored about it. */
  readonly find: (email: string) => Promise<Somebody | undefined>;
  /** The pseudonym of a person about whom something is stored. */
  readonly aliasOf: (who: Somebody) => Promise<string>;
  /** The person that a pseudonym stands for; undefined if there is none. */
  readonly behindAlias: (alias: string) => Promise<Somebody | undefined>;
  readonly personRetentionDays: number;
  readonly recordRetentionDays: number;
  /** Where a browser goes whose person was erased: through oauth2-proxy's sign-out. */
  readonly signOutPath: string;
  /** Deletes the cookies of this browser. */
  readonly forgetBrowser: (req: Request, res: Response) => void;
  /** Limits the number of copies: each one is recorded, although it is a GET. */
  readonly limitCopies: RequestHandler;
}

const alias = z.string().regex(/^[\w-]{22}$/);
const eraseForm = z.strictObject({ ...tokenField, confirm: z.string().max(254), who: alias.optional() });
const findForm = z.strictObject({ ...tokenField, email: z.string().max(254) });

export function privacyPage(options: PrivacyPagesOptions): RequestHandler {
  return (req, res) => show(req, res, options, ownOf(res), {});
}

/** Mounted for operators only. */
export function findPerson(options: PrivacyPagesOptions): RequestHandler {
  return async (req, res) => {
    const { email } = parseInput(findForm, req.body);
    const who = await options.find(email);
    if (who) return res.redirect(303, `/privacy/person?who=${await options.aliasOf(who)}`);
    res.status(404);
    await show(req, res, options, ownOf(res), { fault: 'nobody' });
  };
}

/** Mounted for operators only. */
export function personPage(options: PrivacyPagesOptions): RequestHandler {
  return async (req, res) => {
    const { who, name } = await other(req.query['who'], options);
    await show(req, res, options, who, { name });
  };
}

export function erasePerson(options: PrivacyPagesOptions): RequestHandler {
  const { erase, forgetBrowser, signOutPath } = options;
  return async (req, res) => {
    const { confirm, who: name } = parseInput(eraseForm, req.body);
    const { id, email, operator } = personOf(res);
    if (name !== undefined && !operator) throw new HttpError('not_operator');
    const who = name === undefined ? ownOf(res) : (await other(name, options)).who;
    if (confirm.trim().toLowerCase() !== who.email.toLowerCase()) {
      res.status(422);
      await show(req, res, options, who, { wrong: true, ...(name !== undefined && { name }) });
      return;
    }
    const erased = await erase(who, { id, email });
    if (!who.ids.includes(id)) return sendErased(req, res, erased);
    forgetBrowser(req, res);
    res.redirect(303, signOutPath);
  };
}

/** A copy, as a file; `who` is for operators. */
export function apiExport(options: PrivacyPagesOptions): RequestHandler {
  const { exportPerson, recorder } = options;
  return async (req, res) => {
    const { operator, ...reader } = personOf(res);
    const asked = req.query['who'];
    if (asked !== undefined && !operator) throw new HttpError('not_operator');
    const who = asked === undefined ? ownOf(res) : (await other(asked, options)).who;
    const [id] = who.ids;
    const person: PersonRef = { email: who.email, ...(id !== undefined && { id }) };
    const by = asked === undefined ? {} : { by: { id: reader.id, email: reader.email } };
    await recorder.write({ event: 'privacy.exported', person, ...by, ...requestFacts(req) });
    const copy = await exportPerson(who);
    if ((await res.locals.stillAdmitted?.()) !== true) throw new HttpError('session_ended');
    res.setHeader(
      'Content-Disposition',
      `attachment; filename="gatehouse-export-${copy.madeAt.slice(0, 10)}.json"`,
    );
    res.type('json').send(`${JSON.stringify(copy, undefined, 2)}\n`);
  };
}

function ownOf(res: Response): Somebody {
  const { id, email } = personOf(res);
  return { ids: [id], email };
}

async function other(name: unknown, { behindAlias }: PrivacyPagesOptions) {
  const parsed = alias.safeParse(name);
  const who = parsed.success ? await behindAlias(parsed.data) : undefined;
  if (!parsed.success || !who) throw new HttpError('not_found');
  return { who, name: parsed.data };
}

async function show(
  req: Request,
  res: Response,
  options: PrivacyPagesOptions,
  who: Somebody,
  { name, wrong = false, fault }: { name?: string; wrong?: boolean; fault?: 'nobody' },
): Promise<void> {
  const { sections } = await options.exportPerson(who);
  const { operator } = personOf(res);
  const page = privacy(pageFrame(req, res), {
    email: who.email,
    self: name === undefined,
    ...(name !== undefined && { who: name }),
    sections: sections.map(({ section, about, items }) => ({ name: section, about, items: items.length })),
    personRetentionDays: options.personRetentionDays,
    recordRetentionDays: options.recordRetentionDays,
    wrong,
    ...(operator && name === undefined && { search: fault ? { fault } : {} }),
  });
  sendPage(res, page);
}

function sendErased(req: Request, res: Response, { sessionsEnded, stillListed, scrubbed }: Erased): void {
  sendPage(res, privacyErased(pageFrame(req, res), { ended: sessionsEnded, stillListed, scrubbed }));
}
