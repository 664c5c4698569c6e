// Grants: what a desk session may do in an app. They are kept in the session's own row, each under its own key, so that whatever ends the
// session ends them in the same write, and so that two that are made at once do not overwrite each other.
import { digest } from '../crypto/tokens.ts';
import { graceMs, isInFuture } from '../sessions/rules/session.ts';

/** The data of a session row. */
type Data = Readonly<Record<string, unknown>>;

export interface Grant {
  /** When it was made, in milliseconds. */
  readonly at: number;
  /** The one whose cookie the browser had before; absent: it had none. */
  readonly replaces?: string;
  /** Until when it is accepted, because the browser has presented its successor; absent: it is the newest that the browser has. */
  readonly until?: number;
}

/** When a person entered an app in this session, and how it is used; kept for as long as the session. */
export interface AppUse {
  /** When the person was let into the app after signing in, in milliseconds: where its lifetime begins. */
  readonly since: number;
  /** The last use that was noted, in milliseconds. */
  readonly usedAt: number;
}

const kept = 8;
/** 22 characters of base64url: 132 bits. */
const nameLength = 22;

const prefixOf = (app: string) => `app:${app}:`;
const nameOf = (app: string, secret: string) => `${prefixOf(app)}${digest(secret).slice(0, nameLength)}`;
const closedName = (app: string) => `closed:${app}`;
const sinceName = (app: string) => `in:${app}`;
export const useName = (app: string) => `use:${app}`;

/** undefined: there is none with this secret for this app. */
export function grantOf(data: Data, app: string, secret: string): Grant | undefined {
  return storedGrant(data[nameOf(app, secret)]);
}

function storedGrant(value: unknown): Grant | undefined {
  const isGrant =
    typeof value === 'object' && value !== null && 'at' in value && typeof value.at === 'number';
  return isGrant ? (value as Grant) : undefined;
}

/**
 * Whether the use of the app was ended after the grant was made: in this session, or everywhere. Also a grant that was being added to the
 * row while it was ended.
 */
export function isClosed(
  data: Data,
  { name, endedBefore = Number.NEGATIVE_INFINITY }: { readonly name: string; readonly endedBefore?: number },
  { at }: Grant,
): boolean {
  const closedAt = data[closedName(name)];
  return at <= Math.max(endedBefore, typeof closedAt === 'number' ? closedAt : Number.NEGATIVE_INFINITY);
}

/** Whether the session has any grant of the app. */
export function hasGrant(data: Data, app: string): boolean {
  return Object.keys(data).some((name) => name.startsWith(prefixOf(app)));
}

/** Whether its cookie was replaced, and requests that were under way at that time have arrived: somebody has a copy. */
export function isReplayed({ until }: Grant, now: number): boolean {
  return until !== undefined && now > until;
}

/** undefined: the person has not entered the app in this session. */
export function useOf(data: Data, app: string): AppUse | undefined {
  const since = data[sinceName(app)];
  if (typeof since !== 'number') return undefined;
  const usedAt = data[useName(app)];
  return { since, usedAt: typeof usedAt === 'number' ? Math.max(usedAt, since) : since };
}

/**
 * The change of the row's data that adds a grant. The oldest of the app go, so that a row stays small.
 * @param begins whether the person enters the app anew: after a sign-in, or for the first time
 * @param former the secret of the cookie that the new one replaces in the browser
 */
export function granting(
  data: Data,
  app: string,
  secret: string,
  { now, begins, former }: { readonly now: number; readonly begins: boolean; readonly former?: string },
): Record<string, unknown> {
  const replaces = former !== undefined && grantOf(data, app, former) ? nameOf(app, former) : undefined;
  const grant: Grant = { at: now, ...(replaces !== undefined && { replaces }) };
  const old = Object.entries(data)
    .filter(([name]) => name.startsWith(prefixOf(app)))
    .map(([name, value]) => ({ name, at: (value as Grant).at }))
    .toSorted((a, b) => b.at - a.at)
    .slice(kept - 1);
  return {
    ...Object.fromEntries(old.map(({ name }) => [name, undefined])),
    [nameOf(app, secret)]: grant,
    ...(begins ? { [sinceName(app)]: now, [useName(app)]: now } : {}),
  };
}

/**
 * The change of the row's data once the browser presents a grant: the one that it replaced stays valid only for requests under way.
 * undefined: nothing changes
 */
export function superseding(
  data: Data,
  app: string,
  secret: string,
  now: number,
): Record<string, Grant> | undefined {
  const { replaces } = grantOf(data, app, secret) ?? {};
  const former = replaces === undefined ? undefined : storedGrant(data[replaces]);
  if (replaces === undefined || !former || former.until !== undefined) return undefined;
  return { [replaces]: { ...former, until: now + graceMs } };
}

/**
 * The change of the row's data that removes every grant of one app, and refuses those that are being added meanwhile. When the person
 * entered stays: leaving an app and opening it again must not begin its lifetime anew.
 * @param at milliseconds: grants made up to then are refused
 */
export function withdrawing(data: Data, app: string, at: number): Record<string, unknown> {
  const names = Object.keys(data).filter((name) => name.startsWith(prefixOf(app)));
  return { ...Object.fromEntries(names.map((name) => [name, undefined])), [closedName(app)]: at };
}

/** The app's own limits; absent: none. */
export interface AppLimits {
  readonly idleMs?: number;
  readonly lifetimeMs?: number;
}

/** Which limit of the app a session has reached; undefined: none. A time in the future was written by a wrong clock and counts as reached. */
export function limitReached(
  { since, usedAt }: AppUse,
  { idleMs, lifetimeMs }: AppLimits,
  now: number,
): 'idle' | 'expired' | undefined {
  if (lifetimeMs !== undefined && (now >= since + lifetimeMs || isInFuture(since, now))) return 'expired';
  if (idleMs !== undefined && (now >= usedAt + idleMs || isInFuture(usedAt, now))) return 'idle';
  return undefined;
}
