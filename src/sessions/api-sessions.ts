// GET /api/sessions, DELETE /api/sessions/:handle, POST /api/sessions/revoke-others: one's own sessions, for scripts.
import type { RequestHandler } from 'express';
import { z } from 'zod';
import { type DeskOptions, endOwn, endOwnOthers, liveOf, ownByHandle, parse } from './desk.ts';
import type { Ended } from './ending.ts';
import { sessionOf } from './request-session.ts';
import { keyOf } from './session-id.ts';
import { type ReceiptView, summaryOfRow, viewReceipt, viewSession } from './session-view.ts';

/** The token may stand in a body too; nothing else is understood, so nothing else is taken. */
export const noFields = z.strictObject({ _csrf: z.string().optional() });
const noQuery = z.strictObject({});

export function listOwnSessions(options: DeskOptions): RequestHandler {
  return async (req, res) => {
    parse(noQuery, req.query);
    const rows = await liveOf(options.personOf(res).id, options);
    const { handle } = sessionOf(res);
    const sessions = rows.map((row) => viewSession(summaryOfRow(row, options.limits), handle));
    res.json({ sessions: sessions.sort((a, b) => Number(b.current) - Number(a.current)), next: null });
  };
}

export function deleteOwnSession(options: DeskOptions): RequestHandler {
  return async (req, res) => {
    parse(noFields, req.body);
    const row = await ownByHandle(req.params['handle'], res, options);
    const { receipt, follows } = await endOwn(row, res, options);
    res.json(viewReceipt(receipt, follows));
  };
}

export function revokeOtherSessions(options: DeskOptions): RequestHandler {
  return async (req, res) => {
    parse(noFields, req.body);
    const ended = await endOwnOthers(keyOf(req.sessionID), res, options);
    res.json({ receipts: ended.map(viewEnded) });
  };
}

export function viewEnded({ handle, receipt, follows }: Ended): ReceiptView & { readonly handle: string } {
  return { handle, ...viewReceipt(receipt, follows) };
}
