// Shared by the session pages and the API: listing, finding and ending sessions.
// Other people's sessions are treated as not found, so both cases are the same 404.

import type { Response } from 'express';
import { z } from 'zod';
import type { SessionItem } from '../../../views/session-row.ts';
import { HttpError } from '../../http/errors.ts';
import { personOf } from '../../http/person.ts';
import type { NoteTable } from '../../store/contract.ts';
import type { SessionQuery, SessionRow, SessionTable } from '../../store/contract-sessions.ts';
import { sessionOf } from '../admission/request-session.ts';
import { rememberDevices } from '../revocation/device-names.ts';
import type { Ended, Revocation } from '../revocation/revoke.ts';
import { endOf, type SessionLimits } from '../rules/session.ts';
import { summaryOf, summaryOfRow } from '../rules/session-view.ts';

export interface SessionActionOptions {
  readonly sessions: SessionTable;
  /** Holds the device names of ended sessions, for receipts. */
  readonly notes: NoteTable;
  readonly revocation: Revocation;
  readonly limits: SessionLimits;
  /** Which apps a session used, by its data; absent: the guard is off. */
  readonly appsUsed?: (data: Readonly<Record<string, unknown>>) => NonNullable<SessionItem['apps']>;
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

/** A session as a row of a page. */
export function itemOf(
  row: SessionRow,
  res: Response,
  { limits, appsUsed }: SessionActionOptions,
): SessionItem {
  const apps = appsUsed?.(row.data);
  return { ...summaryOfRow(row, limits), current: isCurrent(row, res), ...(apps && { apps }) };
}

/** The session of this request as a row of a page. */
export function currentItem(res: Response, { limits, appsUsed }: SessionActionOptions): SessionItem {
  const session = sessionOf(res);
  const apps = appsUsed?.({ ...session });
  return { ...summaryOf(session, limits), current: true, ...(apps && { apps }) };
}

/** Limits the work of one request: with many idle sessions between live ones it would otherwise read the whole table. */
const rounds = 5;
/** How many rows a round reads if most of them may not be wanted. */
const filteredStep = 200;
/** The use of an app counts as use of the session, but each is written in its own time. */
const useSlackMs = 120_000;

/** Which of the live sessions are wanted. */
export interface LiveFilter {
  readonly fits: (row: SessionRow) => boolean;
  /** None that was last seen before this instant fits; milliseconds. */
  readonly seenSince: number;
}

/**
 * A page of everyone's live sessions by both limits. With a filter a page may hold more rows than asked for, or none, and yet have a
 * next one. @throws HttpError bad_request for an invalid cursor
 */
export async function livePage(
  query: SessionQuery,
  { sessions, limits, now }: Pick<SessionActionOptions, 'sessions' | 'limits' | 'now'>,
  filter?: LiveFilter,
): Promise<{ readonly rows: readonly SessionRow[]; readonly next: string | undefined }> {
  const rows: SessionRow[] = [];
  let { cursor } = query;
  for (let round = 0; round < rounds && rows.length < query.limit; round++) {
    const page = await pageOf(sessions, {
      ...query,
      limit: filter ? filteredStep : query.limit - rows.length,
      ...(cursor !== undefined && { cursor }),
    });
    rows.push(...page.rows.filter((row) => !endOf(row, limits, now()) && filter?.fits(row) !== false));
    cursor = page.next;
    // Sorted by last seen: everything after a session past its idle limit is past it too.
    const last = page.rows.at(-1);
    const bySeen = query.sort === 'seen' && query.emailPrefix === undefined;
    const oldest = Math.max(now() - limits.idleMs, (filter?.seenSince ?? 0) - useSlackMs);
    const idleFollow = bySeen && last !== undefined && last.lastSeenAt <= oldest;
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
