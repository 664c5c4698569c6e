// What the desk's pages and its JSON share: the same lists, the same way to find a session, the same endings.
// Other people's sessions are as good as none, so both are the same 404.

import type { Response } from 'express';
import { z } from 'zod';
import { HttpError } from '../../http/errors.ts';
import { personOf } from '../../http/person.ts';
import type { NoteTable, SessionQuery, SessionRow, SessionTable } from '../../store/contract.ts';
import { sessionOf } from '../admission/request-session.ts';
import { rememberDevices } from '../revocation/device-names.ts';
import type { Ended, Revocation } from '../revocation/revoke.ts';
import { endOf, type SessionLimits } from '../rules/session.ts';

export interface SessionActionOptions {
  readonly sessions: SessionTable;
  /** Of the receipts: which device it was. */
  readonly notes: NoteTable;
  readonly revocation: Revocation;
  readonly limits: SessionLimits;
  readonly now: () => number;
}

/** The public name of a session. */
export const handleSchema = z.string().regex(/^[\w-]{8,64}$/);

/** A person's live sessions by both limits, the one that was seen last first. */
export async function liveOf(personId: string, options: SessionActionOptions): Promise<SessionRow[]> {
  const { sessions, limits, now } = options;
  const rows = await sessions.ofPerson(personId, now());
  return rows.filter((row) => !endOf(row, limits, now())).sort((a, b) => b.lastSeenAt - a.lastSeenAt);
}

/** @throws HttpError not_found, also for what is no handle. */
export async function anyByHandle(handle: unknown, { sessions }: SessionActionOptions): Promise<SessionRow> {
  const parsed = handleSchema.safeParse(handle);
  const row = parsed.success ? await sessions.findByHandle(parsed.data) : undefined;
  if (!row) throw new HttpError('not_found');
  return row;
}

/** @throws HttpError not_found, also where it is somebody else's. */
export async function ownByHandle(
  handle: unknown,
  res: Response,
  options: SessionActionOptions,
): Promise<SessionRow> {
  const row = await anyByHandle(handle, options);
  if (row.personId !== personOf(res).id) throw new HttpError('not_found');
  return row;
}

/** Ends one of the reader's own. */
export async function endOwn(row: SessionRow, res: Response, options: SessionActionOptions): Promise<Ended> {
  const { revocation } = options;
  const reason = isCurrent(row, res) ? 'signed_out' : 'revoked';
  await rememberDevices([row], options);
  return revocation.one(row, { reason, by: personOf(res) });
}

/** Ends all of the reader's own but the one that asks. */
export async function endOwnOthers(
  key: string,
  res: Response,
  options: SessionActionOptions,
): Promise<Ended[]> {
  const { revocation } = options;
  const by = personOf(res);
  await rememberDevices(await liveOf(by.id, options), options);
  return revocation.others(by.id, key, { reason: 'revoked', by });
}

/** Ends anyone's, for operators. */
export async function endAny(row: SessionRow, res: Response, options: SessionActionOptions): Promise<Ended> {
  const own = row.personId === personOf(res).id;
  if (own) return endOwn(row, res, options);
  await rememberDevices([row], options);
  return options.revocation.one(row, { reason: 'revoked_by_operator', by: personOf(res) });
}

/** Ends all of a person, for operators. */
export async function endPerson(
  personId: string,
  res: Response,
  options: SessionActionOptions,
): Promise<Ended[]> {
  const by = personOf(res);
  await rememberDevices(await liveOf(personId, options), options);
  const reason = personId === by.id ? 'revoked' : 'revoked_by_operator';
  return options.revocation.person(personId, { reason, by });
}

export function isCurrent(row: Pick<SessionRow, 'handle'>, res: Response): boolean {
  return row.handle === sessionOf(res).handle;
}

/** Fewer rounds than would let one request walk the whole table, where idle sessions lie between live ones. */
const rounds = 5;

/** A page of everyone's live sessions by both limits. @throws HttpError bad_request for a cursor that is none. */
export async function livePage(
  query: SessionQuery,
  { sessions, limits, now }: Pick<SessionActionOptions, 'sessions' | 'limits' | 'now'>,
): Promise<{ readonly rows: readonly SessionRow[]; readonly next: string | undefined }> {
  const rows: SessionRow[] = [];
  let { cursor } = query;
  for (let round = 0; round < rounds && rows.length < query.limit; round++) {
    const page = await pageOf(sessions, {
      ...query,
      limit: query.limit - rows.length,
      ...(cursor !== undefined && { cursor }),
    });
    rows.push(...page.rows.filter((row) => !endOf(row, limits, now())));
    cursor = page.next;
    // By last seen, whatever follows a session that was idle for too long was idle for longer.
    const last = page.rows.at(-1);
    const bySeen = query.sort === 'seen' && query.emailPrefix === undefined;
    const idleFollow = bySeen && last !== undefined && last.lastSeenAt + limits.idleMs <= now();
    if (cursor === undefined || idleFollow) return { rows, next: undefined };
  }
  return { rows, next: cursor };
}

async function pageOf(sessions: SessionTable, query: SessionQuery) {
  try {
    return await sessions.page(query);
  } catch (error) {
    throw error instanceof RangeError ? new HttpError('bad_request', { cause: error }) : error;
  }
}
