// The two cookies of an app's host: the guard cookie, and the one that binds a sign-in to the browser that began it.
import type { CookieHeader } from '../http/request-cookies.ts';
import { isAmbiguous, singleCookie } from '../http/request-cookies.ts';
import type { GuardedApp } from './contract.ts';

/** What a guard cookie says: which row to read, and the secret of a grant in it. */
export interface GuardId {
  readonly key: string;
  readonly secret: string;
}

const guardCookie = 'gatehouse_guard';
const startCookie = 'gatehouse_start';
/** The key of a session row, and 32 random bytes (`src/sessions/rules/session-id.ts`). */
const idForm = /^([\w-]{22})\.([\w-]{43})$/;
const startForm = /^[\w-]{43}$/;
/** The start cookie outlives a sign-in at the provider, and serves all tabs that begin one meanwhile. */
const startSeconds = 3_600;

/** Browsers accept the prefix only over https; over http, as on one's own machine, a sibling host could set the cookie. */
const prefixOf = ({ origin }: Pick<GuardedApp, 'origin'>) => (origin.startsWith('https:') ? '__Host-' : '');

export const guardCookieName = (app: Pick<GuardedApp, 'origin'>) => `${prefixOf(app)}${guardCookie}`;
export const startCookieName = (app: Pick<GuardedApp, 'origin'>) => `${prefixOf(app)}${startCookie}`;

/** Both cookies in both spellings: none of them may reach an app. */
export const guardCookieNames: readonly string[] = ['__Host-', ''].flatMap((prefix) => [
  `${prefix}${guardCookie}`,
  `${prefix}${startCookie}`,
]);

/** undefined: none, more than one, or not of that form. */
export function readGuardCookie(req: CookieHeader, app: GuardedApp): GuardId | undefined {
  const [, key, secret] = idForm.exec(onlyCookie(req, guardCookieName(app)) ?? '') ?? [];
  return key !== undefined && secret !== undefined ? { key, secret } : undefined;
}

/** The random value that this browser began a sign-in with; undefined: none, more than one, or not of that form. */
export function readStartCookie(req: CookieHeader, app: GuardedApp): string | undefined {
  const value = onlyCookie(req, startCookieName(app)) ?? '';
  return startForm.test(value) ? value : undefined;
}

function onlyCookie(req: CookieHeader, name: string): string | undefined {
  return isAmbiguous(req, name) ? undefined : singleCookie(req, name);
}

/** The `Set-Cookie` line of a guard cookie. Until the browser closes: the session row says how long it is valid. */
export function guardCookieLine(app: GuardedApp, { key, secret }: GuardId): string {
  return line(app, guardCookieName(app), `${key}.${secret}`);
}

export function startCookieLine(app: GuardedApp, value: string): string {
  return `${line(app, startCookieName(app), value)}; Max-Age=${startSeconds}`;
}

/** The lines that delete both cookies. */
export function clearingLines(app: GuardedApp): string[] {
  return [guardCookieName(app), startCookieName(app)].map((name) => `${line(app, name, '')}; Max-Age=0`);
}

function line(app: GuardedApp, name: string, value: string): string {
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax${app.origin.startsWith('https:') ? '; Secure' : ''}`;
}
