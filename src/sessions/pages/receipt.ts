// GET /devices/receipt and GET /radar/receipt: the result of revocations, refreshed until verified. Members see only their own.

import type { Request, RequestHandler, Response } from 'express';
import { type ReceiptItem, receipt } from '../../../views/receipt.ts';
import { HttpError } from '../../http/errors.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import { personOf } from '../../http/person.ts';
import type { SessionRow } from '../../store/contract-sessions.ts';
import { deviceOfEnded } from '../revocation/device-names.ts';
import { combineFollows, type Ended, type Follows, type GateReceipt } from '../revocation/revoke.ts';
import { anyByHandle, ownByHandle, type SessionActionOptions } from './session-actions.ts';

export interface ReceiptPageOptions extends SessionActionOptions {
  /** What a revocation cannot reach, as worded by src/gate. */
  readonly cannotReach: string;
}

/** The most receipts that one page shows and one URL can name. */
const shown = 50;
const refreshAfterS = 3;
/** The gate is checked after 3 and 10 seconds; if it takes longer, the reader reloads the page. */
const refreshForMs = 30_000;

export function receiptPath(
  page: '/devices' | '/radar',
  ended: readonly Pick<Ended, 'handle' | 'follows'>[],
): string {
  const handles = ended.slice(0, shown).map(({ handle }) => handle);
  // A single value: repeated parameters are refused everywhere. Handles contain no dots.
  const query = new URLSearchParams({ handle: handles.join('.') });
  const follows = combineFollows(ended.map((one) => one.follows));
  if (follows) query.set('follows', follows);
  return `${page}/receipt?${query}`;
}

export function ownReceiptPage(options: ReceiptPageOptions): RequestHandler {
  const back = { href: '/devices', label: 'Back to your devices' };
  return async (req, res) => {
    const rows = await Promise.all(handlesOf(req).map((handle) => ownByHandle(handle, res, options)));
    await sendReceipts(req, res, rows, back, options);
  };
}

export function anyReceiptPage(options: ReceiptPageOptions): RequestHandler {
  const back = { href: '/radar', label: 'Back to the radar' };
  return async (req, res) => {
    const rows = await Promise.all(handlesOf(req).map((handle) => anyByHandle(handle, options)));
    await sendReceipts(req, res, rows, back, options);
  };
}

async function sendReceipts(
  req: Request,
  res: Response,
  rows: readonly SessionRow[],
  back: { readonly href: string; readonly label: string },
  options: ReceiptPageOptions,
): Promise<void> {
  const items = await Promise.all(rows.map((row) => itemOf(row, res, options)));
  const receipts = items.filter((item) => item !== undefined);
  if (receipts.length === 0) throw new HttpError('not_found');
  const waits = receipts.some(({ open, endedAt }) => open && options.now() - endedAt < refreshForMs);
  const { cannotReach } = options;
  sendPage(
    res,
    receipt(pageFrame(req, res), {
      receipts,
      cannotReach,
      back,
      follows: followsOf(req),
      ...(waits && { refreshAfterS }),
    }),
  );
}

/** undefined for a live session. */
async function itemOf(
  row: SessionRow,
  res: Response,
  options: ReceiptPageOptions,
): Promise<ReceiptItem | undefined> {
  if (!row.ended) return undefined;
  const [known, device] = await Promise.all([
    options.revocation.receiptOf(row.handle),
    deviceOfEnded(row.handle, options),
  ]);
  const at: GateReceipt = known ?? { endedAt: row.ended.at, gate: 'unknown', writtenBack: 0 };
  return {
    ...at,
    endedAt: row.ended.at,
    handle: row.handle,
    open: isOpen(at),
    ...(device && { device }),
    ...(row.personId !== personOf(res).id && { email: row.email }),
  };
}

/** Whether the gate will be checked again. */
export function isOpen({ gate, verifiedAt }: GateReceipt): boolean {
  return verifiedAt === undefined && gate !== 'refused here' && gate !== 'unknown';
}

export function followsOf({ query: { follows } }: Request): Follows | undefined {
  return follows === 'note' || follows === 'row' ? follows : undefined;
}

function handlesOf({ query }: Request): unknown[] {
  const { handle } = query;
  const handles = typeof handle === 'string' ? handle.split('.') : [];
  return [...new Set(handles)].slice(0, shown);
}
