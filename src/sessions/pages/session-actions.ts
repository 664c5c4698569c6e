// Shared by the session pages and the API: listing, finding and ending sessions.
// Other people's sessions are treated as not found, so both cases are the same 404.

import type { Response } from 'express';
import { z } from 'zod';
import { HttpError } from '../../http/errors.ts';
import { personOf } from '../../http/person.ts';
import type { NoteTable } from '../../store/contract.ts';
import type { SessionQuery, SessionRow, SessionTable } from '../../store/contract-sessions.ts';
import { sessionOf } from '../admission/request-session.ts';
import { rememberDevices } from '../revocation/device-names.ts';
import type { Ended, Revocation } from '../revocation/revoke.ts';
import { endOf, type SessionLimits } from '../rules/session.ts';

export interface SessionActionOptions {
  readonly sessions: SessionTable;
  /** Holds the device names of ended sessions, for receipts. */
  readonly notes: NoteTable;
  readonly revocation: Revocation;
  readonly limits: SessionLimits;
  readonly now: () => number;
}

/** The public name of a session. */
export const handleSchema = z.string().regex(/^[\w-]{8,64}$/);

/** A person's live sessions by both limits, most recently seen first. */
export async function liveOf(personId: string, options: SessionActionOptions): Promise<SessionRow[]> {
  const { sessions, limits, now } = options;
  const rows = await sessions.ofPerson(personId, now());
  return rows.filter((row) => !endOf(row, limits, now())).sort((a, b) => b.lastSeenAt - a.lastSeenAt);
}

/** @throws HttpError not_found, also for an invalid handle */
export async function anyByHandle(handle: unknown, { sessions }: SessionActionOptions): Promise<SessionRow> {
  const parsed = handleSchema.safeParse(handle);
  const row = parsed.success ? await sessions.findByHandle(parsed.data) : undefined;
  if (!row) throw new HttpError('not_found');
  return row;
}

/** @throws HttpError not_found, also if it is another person's */
export async function ownByHandle(
  handle: unknown,
  res: Response,
  options: SessionActionOptions,
): Promise<SessionRow> {
  const row = await anyByHandle(handle, options);
  if (row.personId !== personOf(res).id) throw new HttpError('not_found');
  return row;
}

/** Ends one of the requester's own sessions. */
export async function endOwn(row: SessionRow, res: Response, options: SessionActionOptions): Promise<Ended> {
  const { revocation } = options;
  const reason = isCurrent(row, res) ? 'signed_out' : 'revoked';
  await rememberDevices([row], options);
  return revocation.one(row, { reason, by: personOf(res) });
}

/** Ends all of the requester's own sessions except the one under `key`. */
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

/** Ends anyone's session, for operators. */
export async function endAny(row: SessionRow, res: Response, options: SessionActionOptions): Promise<Ended> {
  const own = row.personId === personOf(res).id;
  if (own) return endOwn(row, res, options);
  await rememberDevices([row], options);
  return options.revocation.one(row, { reason: 'revoked_by_operator', by: personOf(res) });
}

/** Ends all sessions of a person, for operators. */
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

/** Limits the work of one request: with many idle sessions between live ones it would otherwise read the whole table. */
const rounds = 5;

/** A page of everyone's live sessions by both limits. @throws HttpError bad_request for an invalid cursor */
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
    // Sorted by last seen: everything after a session past its idle limit is past it too.
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
