// GET /radar and the forms that end sessions there: everyone's sessions. `routes.ts` allows only operators.

import type { RequestHandler } from 'express';
import { z } from 'zod';
import { confirmEndEveryone, confirmEndPerson, everyoneWord } from '../../../views/end-confirm.ts';
import type { GateSessionsProps } from '../../../views/gate-sessions.ts';
import { everyone } from '../../../views/radar.ts';
import { parseInput, tokenField } from '../../http/form.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import { personOf } from '../../http/person.ts';
import { keyOf } from '../rules/session-id.ts';
import { summaryOfRow } from '../rules/session-view.ts';
import { followsOf, receiptPath } from './receipt.ts';
import {
  anyByHandle,
  endAny,
  endPerson,
  handleSchema,
  isCurrent,
  itemOf,
  liveOf,
  livePage,
  type SessionActionOptions,
} from './session-actions.ts';

export interface RadarOptions extends SessionActionOptions {
  /** The sessions that the gate holds now; undefined if they cannot be listed. */
  readonly gateSessions?: () => Promise<GateSessionsProps | undefined>;
  /** The apps behind the guard; absent: there is none. */
  readonly knownApps?: () => readonly { readonly name: string; readonly title: string }[];
}

const pageSize = 25;
/** Ignores other parameters, such as tracking parameters: the page only reads. */
const query = z.object({
  q: z.string().trim().toLowerCase().max(254).default(''),
  sort: z.enum(['seen', 'created', 'email']).default('seen'),
  cursor: z.string().min(1).max(1000).optional(),
  ended: z.coerce.number().int().min(0).optional(),
  app: z.string().max(32).default(''),
  closed: z.literal('1').optional().catch(undefined),
});
const handleForm = z.strictObject({ ...tokenField, handle: handleSchema });
const wordForm = z.strictObject({ ...tokenField, word: z.string().max(100) });

export function radarPage(options: RadarOptions): RequestHandler {
  const { sessions, now, gateSessions, knownApps } = options;
  return async (req, res) => {
    const { q, sort, cursor, ended, app: asked, closed } = parseInput(query, req.query);
    const apps = knownApps?.() ?? [];
    const app = apps.find(({ name }) => name === asked);
    const [total, page, atGate] = await Promise.all([
      sessions.countLive(now()),
      (app ? appPage(app.name, options) : livePage)(
        {
          sort,
          limit: pageSize,
          ...(q !== '' && { emailPrefix: q }),
          ...(cursor !== undefined && { cursor }),
        },
        options,
      ),
      gateSessions?.(),
    ]);
    const items = page.rows.map((row) => itemOf(row, res, options));
    const props = {
      now: now(),
      total,
      items,
      search: q,
      sort,
      isLater: cursor !== undefined,
      next: page.next,
      apps,
      ...(app && { app }),
      closed: closed === '1',
    };
    sendPage(
      res,
      everyone(pageFrame(req, res), {
        ...props,
        ...(ended !== undefined && { ended }),
        follows: followsOf(req),
        ...(atGate && { gateSessions: atGate }),
      }),
    );
  };
}

const dayMs = 86_400_000;

/** As `livePage`, but only sessions that used the app in the last day. A page may have none, and yet a next one. */
function appPage(name: string, { appsUsed }: SessionActionOptions): typeof livePage {
  return (query, options) => {
    const from = options.now() - dayMs;
    return livePage(query, options, {
      fits: ({ data }) => appsUsed?.(data).some((app) => app.name === name && app.at >= from) === true,
      seenSince: from,
    });
  };
}

export function endAnyDevice(options: SessionActionOptions): RequestHandler {
  return async (req, res) => {
    const row = await anyByHandle(parseInput(handleForm, req.body).handle, options);
    if (isCurrent(row, res)) return res.redirect(307, '/logout');
    res.redirect(303, receiptPath('/radar', [await endAny(row, res, options)]));
  };
}

/** Identifies a person by one of their sessions, so that the page's URL reveals nothing about them. */
export function confirmEndThePerson(options: SessionActionOptions): RequestHandler {
  const { limits, now } = options;
  return async (req, res) => {
    const { handle, personId, email } = await anyByHandle(req.query['handle'], options);
    const sessions = (await liveOf(personId, options)).map((row) => summaryOfRow(row, limits));
    const self = personId === personOf(res).id;
    sendPage(res, confirmEndPerson(pageFrame(req, res), { now: now(), handle, email, self, sessions }));
  };
}

export function endThePerson(options: SessionActionOptions): RequestHandler {
  return async (req, res) => {
    const { personId } = await anyByHandle(parseInput(handleForm, req.body).handle, options);
    const ended = await endPerson(personId, res, options);
    res.redirect(303, ended.length === 0 ? '/radar?ended=0' : receiptPath('/radar', ended));
  };
}

export function confirmEndAll({ sessions, now }: SessionActionOptions): RequestHandler {
  return async (req, res) => {
    const total = await sessions.countLive(now());
    sendPage(res, confirmEndEveryone(pageFrame(req, res), { total, wrong: false }));
  };
}

export function endAll({ sessions, revocation, now }: SessionActionOptions): RequestHandler {
  return async (req, res) => {
    const { word } = parseInput(wordForm, req.body);
    if (word.trim().toLowerCase() !== everyoneWord) {
      res.status(422);
      const total = await sessions.countLive(now());
      sendPage(res, confirmEndEveryone(pageFrame(req, res), { total, wrong: true }));
      return;
    }
    const order = { reason: 'revoked_by_operator', by: personOf(res) } as const;
    const { count, follows } = await revocation.everyone(order, keyOf(req.sessionID));
    res.redirect(303, `/radar?ended=${count}${follows ? `&follows=${follows}` : ''}`);
  };
}
