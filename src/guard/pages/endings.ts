// GET and POST /app-rules/end, for operators: ends the use of an app, by everyone or by one person. POST /devices/close, for members: on one
// device of their own.
import type { RequestHandler } from 'express';
import { z } from 'zod';
import { appRulesEnd } from '../../../views/app-rules-end.ts';
import { HttpError } from '../../http/errors.ts';
import { parseInput, tokenField } from '../../http/form.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import { personOf } from '../../http/person.ts';
import type { SessionRow, SessionTable } from '../../store/contract-sessions.ts';
import type { AppEndings } from '../app-endings.ts';
import type { RulePagesOptions } from './options.ts';
import { appOf, pathOf } from './rule-paths.ts';

const handle = z.string().regex(/^[\w-]{8,64}$/);
const app = z.string().min(1).max(32);
/** With a handle: only the person whose session it is, so that the address of the page reveals nothing about them. */
const endQuery = z.object({ app, handle: handle.optional() });
const endForm = z.strictObject({ ...tokenField, app, handle: handle.optional() });
const closeForm = z.strictObject({ ...tokenField, app, handle });

export function confirmEndApp({ rules, histories, sessions }: RulePagesOptions): RequestHandler {
  return async (req, res) => {
    const asked = parseInput(endQuery, req.query);
    const person = asked.handle === undefined ? undefined : await anyRow(sessions, asked.handle);
    const inUse = person ? undefined : (await histories.lastDay()).apps.get(asked.app);
    const { name, title } = appOf(rules.show().apps.apps, asked.app);
    sendPage(
      res,
      appRulesEnd(pageFrame(req, res), {
        app: { name, title },
        ...(person && { person: { handle: person.handle, email: person.email } }),
        lastDay: inUse ?? { sessions: 0, people: 0 },
      }),
    );
  };
}

export function endApp({ rules, sessions, endings }: RulePagesOptions): RequestHandler {
  return async (req, res) => {
    const asked = parseInput(endForm, req.body);
    const { name, title } = appOf(rules.show().apps.apps, asked.app);
    if (asked.handle !== undefined) {
      const { personId: id, email } = await anyRow(sessions, asked.handle);
      await endings.person(name, { id, email }, personOf(res));
      return res.redirect(303, `/radar?app=${encodeURIComponent(name)}&closed=1`);
    }
    const ended = await endings.everywhere(name, personOf(res));
    if (ended.file.kind === 'ended') return res.redirect(303, `${pathOf(name)}?ended=${ended.sessions}`);
    if (ended.file.kind === 'unknown-app') throw new HttpError('not_found');
    const failed = ended.file.kind === 'refused' ? ended.file.message : 'broken';
    res.status(failed === 'broken' ? 409 : 503);
    const props = { app: { name, title }, failed, sessions: ended.sessions };
    sendPage(res, appRulesEnd(pageFrame(req, res), { ...props, lastDay: { sessions: 0, people: 0 } }));
  };
}

export interface CloseOptions {
  readonly sessions: Pick<SessionTable, 'findByHandle'>;
  readonly endings: Pick<AppEndings, 'device'>;
}

export function closeApp({ sessions, endings }: CloseOptions): RequestHandler {
  return async (req, res) => {
    const asked = parseInput(closeForm, req.body);
    const row = await anyRow(sessions, asked.handle);
    const by = personOf(res);
    // Other people's sessions are as good as not there.
    if (row.personId !== by.id) throw new HttpError('not_found');
    await endings.device(asked.app, row, by);
    res.redirect(303, '/devices?closed=1');
  };
}

/** @throws HttpError not_found, also if it has ended */
async function anyRow(sessions: Pick<SessionTable, 'findByHandle'>, name: string): Promise<SessionRow> {
  const row = await sessions.findByHandle(name);
  if (!row || row.ended) throw new HttpError('not_found');
  return row;
}
