// Reads the gate's cookie exactly as oauth2-proxy does, so that no way of sending it makes Gatehouse and oauth2-proxy see different
// cookies.
import { digest } from '../crypto/tokens.ts';
import type { CookieHeader } from '../http/request-cookies.ts';
import type { GateState } from './revocation.ts';

/**
 * The signed content of the cookie, and when it was made. The signature cannot be verified without `cookie_secret`; oauth2-proxy has
 * done that.
 */
export interface GateCookieValue {
  /** `base64(ticket)` if sessions are in Redis, otherwise the encrypted session. */
  readonly payload: string;
  /** When oauth2-proxy issued it, at sign-in or at a refresh: milliseconds, rounded down to whole seconds. */
  readonly issuedAt: number;
  /**
   * Identifies the cookie without revealing it. Computed from the signed parts only, joined as they are signed: the last bits of the
   * signature are unused (base64), so one cookie has several spellings.
   */
  readonly digest: string;
}

/** undefined if the browser sent none; `unreadable` if it sent one that does not have oauth2-proxy's form. */
export function readGateCookie(req: CookieHeader, name: string): GateCookieValue | 'unreadable' | undefined {
  const value = loadCookie(req.headers.cookie ?? '', name);
  if (value === undefined) return undefined;
  const [payload = '', seconds = '', signature, ...rest] = value.split('|');
  if (signature === undefined || rest.length > 0 || !/^\d{1,12}$/.test(seconds)) return 'unreadable';
  return { payload, issuedAt: Number(seconds) * 1000, digest: digest(`${payload}${seconds}`) };
}

/**
 * Like `loadCookie` (pkg/sessions/cookie/session_store.go): the whole cookie, otherwise its parts from 0 until one is missing. All
 * parts that oauth2-proxy would join are joined here: with a limit of our own, a revoked cookie would be accepted again in more
 * pieces.
 */
function loadCookie(header: string, name: string): string | undefined {
  const sent = readCookies(header);
  const whole = sent.get(name);
  if (whole !== undefined) return whole;
  const parts: string[] = [];
  for (let part = sent.get(`${name}_0`); part !== undefined; part = sent.get(`${name}_${parts.length}`)) {
    parts.push(part);
  }
  return parts.length > 0 ? parts.join('') : undefined;
}

/**
 * Like Go's net/http `readCookies`: the first cookie of a name counts, a value with invalid bytes is ignored, and quotes are removed.
 */
function readCookies(header: string): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const part of header.split(';')) {
    const text = trim(part);
    const equals = text.indexOf('=');
    const name = trim(equals < 0 ? text : text.slice(0, equals));
    let value = equals < 0 ? '' : text.slice(equals + 1);
    if (value.length > 1 && value.startsWith('"') && value.endsWith('"')) value = value.slice(1, -1);
    if (/^[\x20\x21\x23-\x3a\x3c-\x5b\x5d-\x7e]*$/.test(value) && !cookies.has(name))
      cookies.set(name, value);
  }
  return cookies;
}

function trim(text: string): string {
  return text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
}

/** Whether `sentName` is oauth2-proxy's session cookie or a part of it (pkg/sessions/cookie/session_store.go). */
export function isGateCookie(sentName: string, name: string): boolean {
  return (
    sentName === name ||
    (sentName.startsWith(`${name}_`) && /^\d{1,2}$/.test(sentName.slice(name.length + 1)))
  );
}

/** Whether `sentName` is the short-lived cookie of a sign-in in progress: `<name>_csrf` or `<name>_<8 characters>_csrf`. */
export function isGateSignInCookie(sentName: string, name: string): boolean {
  return sentName.startsWith(`${name}_`) && sentName.endsWith('_csrf');
}

/**
 * Identifies the sign-in at the gate that a request belongs to: the same for all tabs of one browser, whatever else they send. Derived
 * from what oauth2-proxy itself reads: its session if that could be decrypted, which stays the same through refreshes, otherwise its
 * cookie. A value that oauth2-proxy ignores must not distinguish two requests: each would create a session of its own.
 * @returns undefined if the request carries neither; nothing then distinguishes its browser from others
 */
export function signInNameOf(
  req: CookieHeader,
  gate: GateState | undefined,
  cookieName: string,
): string | undefined {
  if (gate?.state === 'verified') return `${gate.key}\n${gate.signIn ?? ''}`;
  if (gate?.state === 'cookie') return gate.digest;
  const cookie = readGateCookie(req, cookieName);
  return typeof cookie === 'object' ? cookie.digest : undefined;
}
