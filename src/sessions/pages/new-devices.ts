// New devices: shown on all other devices of the person until they confirm or deny that it was them.
import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { type NewDevice, notMe } from '../../../views/new-devices.ts';
import { emptyForm, parseInput, tokenField } from '../../http/form.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import { newDevicesSince } from '../admission/other-sessions.ts';
import { changeableSession, sessionOf } from '../admission/request-session.ts';
import { summaryOfRow } from '../rules/session-view.ts';
import { followsOf, receiptPath } from './receipt.ts';
import { endOwn, handleSchema, liveOf, ownByHandle, type SessionActionOptions } from './session-actions.ts';

const notMeForm = z.strictObject({ ...tokenField, handle: handleSchema });

/** New devices that this session's owner has not confirmed yet. */
export async function newDevicesOf(res: Response, options: SessionActionOptions): Promise<NewDevice[]> {
  const session = sessionOf(res);
  const rows = newDevicesSince(await liveOf(session.personId, options), session, options.now());
  return rows.map((row) => {
    const { device, network } = summaryOfRow(row, options.limits);
    return { handle: row.handle, device, network, at: row.createdAt };
  });
}

/** POST /devices/seen: "That was me". */
export function devicesSeen({ now }: SessionActionOptions): RequestHandler {
  return (req, res) => {
    parseInput(emptyForm, req.body);
    changeableSession(req).devicesSeenAt = now();
    res.redirect(303, '/dashboard');
  };
}

/** POST /devices/not-me: ends it in Gatehouse and at the gate. */
export function endNotMine(options: SessionActionOptions): RequestHandler {
  return async (req: Request, res: Response) => {
    const { handle } = parseInput(notMeForm, req.body);
    const row = await ownByHandle(handle, res, options);
    const { follows } = await endOwn(row, res, options);
    res.redirect(303, `/devices/not-me?handle=${row.handle}${follows ? `&follows=${follows}` : ''}`);
  };
}

/** GET /devices/not-me: advice on what to do next. */
export function notMinePage(): RequestHandler {
  return (req, res) => {
    const handle = parseInput(handleSchema, req.query['handle']);
    const follows = followsOf(req);
    const path = receiptPath('/devices', [{ handle, ...(follows && { follows }) }]);
    sendPage(res, notMe(pageFrame(req, res), { receiptPath: path, follows }));
  };
}
