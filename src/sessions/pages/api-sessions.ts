// The API for oneself: GET /api/me, GET /api/sessions, DELETE /api/sessions/:handle, POST /api/sessions/revoke-others.

import type { RequestHandler } from 'express';
import { z } from 'zod';
import { emptyForm, parseInput } from '../../http/form.ts';
import { type Person, personOf } from '../../http/person.ts';
import type { AdmittedSession } from '../admission/express-store.ts';
import { sessionOf } from '../admission/request-session.ts';
import type { Ended } from '../revocation/revoke.ts';
import type { SessionLimits } from '../rules/session.ts';
import { keyOf } from '../rules/session-id.ts';
import {
  type ReceiptView,
  summaryOf,
  summaryOfRow,
  viewReceipt,
  viewSession,
} from '../rules/session-view.ts';
import { endOwn, endOwnOthers, liveOf, ownByHandle, type SessionActionOptions } from './session-actions.ts';

/** GET /api/me: the signed-in person, this session, and the CSRF token. */
export function apiMe({ limits }: { readonly limits: SessionLimits }): RequestHandler {
  return (req, res) => {
    res.json(meOf(personOf(res), sessionOf(res), limits, req.csrfToken()));
  };
}

/** The body of the response to GET /api/me. */
export function meOf(
  { id, email, operator }: Person,
  session: AdmittedSession,
  limits: SessionLimits,
  csrfToken: string,
) {
  const summary = summaryOf(session, limits);
  return {
    person: { id, email, operator },
    session: viewSession(summary, summary.handle),
    csrfToken,
  };
}

const noQuery = z.strictObject({});

export function listOwnSessions(options: SessionActionOptions): RequestHandler {
  return async (req, res) => {
    parseInput(noQuery, req.query);
    const rows = await liveOf(personOf(res).id, options);
    const { handle } = sessionOf(res);
    const sessions = rows.map((row) => viewSession(summaryOfRow(row, options.limits), handle));
    res.json({ sessions: sessions.sort((a, b) => Number(b.current) - Number(a.current)), next: null });
  };
}

export function deleteOwnSession(options: SessionActionOptions): RequestHandler {
  return async (req, res) => {
    parseInput(emptyForm, req.body);
    const row = await ownByHandle(req.params['handle'], res, options);
    const { receipt, follows } = await endOwn(row, res, options);
    res.json(viewReceipt(receipt, follows));
  };
}

export function revokeOtherSessions(options: SessionActionOptions): RequestHandler {
  return async (req, res) => {
    parseInput(emptyForm, req.body);
    const ended = await endOwnOthers(keyOf(req.sessionID), res, options);
    res.json({ receipts: ended.map(viewEnded) });
  };
}

export function viewEnded({ handle, receipt, follows }: Ended): ReceiptView & { readonly handle: string } {
  return { handle, ...viewReceipt(receipt, follows) };
}
