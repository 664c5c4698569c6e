// GET /devices, POST /devices/end, GET and POST /devices/end-others: only a member's own sessions.

import type { RequestHandler } from 'express';
import { z } from 'zod';
import { devices } from '../../../views/devices.ts';
import { confirmEndOthers } from '../../../views/end-confirm.ts';
import { emptyForm, parseInput, tokenField } from '../../http/form.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import { personOf } from '../../http/person.ts';
import { keyOf } from '../rules/session-id.ts';
import { summaryOfRow } from '../rules/session-view.ts';
import { receiptPath } from './receipt.ts';
import {
  currentItem,
  endOwn,
  endOwnOthers,
  handleSchema,
  isCurrent,
  itemOf,
  liveOf,
  ownByHandle,
  type SessionActionOptions,
} from './session-actions.ts';

const endForm = z.strictObject({ ...tokenField, handle: handleSchema });

export function devicesPage(options: SessionActionOptions): RequestHandler {
  return async (req, res) => {
    const rows = await liveOf(personOf(res).id, options);
    const others = rows.filter((row) => !isCurrent(row, res));
    const page = devices(pageFrame(req, res), {
      now: options.now(),
      current: currentItem(res, options),
      others: others.map((row) => itemOf(row, res, options)),
      closed: req.query['closed'] === '1',
    });
    sendPage(res, page);
  };
}

export function endDevice(options: SessionActionOptions): RequestHandler {
  return async (req, res) => {
    const { handle } = parseInput(endForm, req.body);
    const row = await ownByHandle(handle, res, options);
    // Ending the current session must also clear the cookies, so it goes through /logout; 307 resends the form with its token.
    if (isCurrent(row, res)) return res.redirect(307, '/logout');
    res.redirect(303, receiptPath('/devices', [await endOwn(row, res, options)]));
  };
}

export function confirmEndOtherDevices(options: SessionActionOptions): RequestHandler {
  const { limits, now } = options;
  return async (req, res) => {
    const rows = await liveOf(personOf(res).id, options);
    const others = rows.filter((row) => !isCurrent(row, res)).map((row) => summaryOfRow(row, limits));
    if (others.length === 0) return res.redirect(303, '/devices');
    sendPage(res, confirmEndOthers(pageFrame(req, res), { now: now(), others }));
  };
}

export function endOtherDevices(options: SessionActionOptions): RequestHandler {
  return async (req, res) => {
    parseInput(emptyForm, req.body);
    const ended = await endOwnOthers(keyOf(req.sessionID), res, options);
    res.redirect(303, ended.length === 0 ? '/devices' : receiptPath('/devices', ended));
  };
}
