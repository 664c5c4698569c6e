// oauth2-proxy's own cookie, as far as it can be told apart without its secret.
import type { IncomingMessage } from 'node:http';
import { sentCookies } from '../http/cookie-header.ts';

/** The cookie's value, parts `_0`, `_1` … of a split one joined in order; undefined where the browser sent none. */
export function gateCookieOf(req: IncomingMessage, name: string): string | undefined {
  const parts = sentCookies(req).filter((cookie) => isGateCookie(cookie.name, name));
  return parts.length === 0 ? undefined : parts.map((cookie) => cookie.value).join('');
}

/** Whether `sentName` is oauth2-proxy's session cookie or a part of it (pkg/sessions/cookie/session_store.go). */
export function isGateCookie(sentName: string, name: string): boolean {
  return (
    sentName === name ||
    (sentName.startsWith(`${name}_`) && /^\d{1,2}$/.test(sentName.slice(name.length + 1)))
  );
}

/** Whether `sentName` is the short-lived cookie of a sign-in under way: `<name>_csrf` or `<name>_<8 characters>_csrf`. */
export function isGateSignInCookie(sentName: string, name: string): boolean {
  return sentName.startsWith(`${name}_`) && sentName.endsWith('_csrf');
}
