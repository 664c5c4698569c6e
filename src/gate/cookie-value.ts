// The gate's cookie as oauth2-proxy itself reads it, so that no way of sending it makes the app see another one than the gate.
import type { IncomingMessage } from 'node:http';
import { digest } from '../crypto/tokens.ts';

/** What is signed in the cookie, and when it was made. The signature cannot be checked without `cookie_secret`: the gate did that. */
export interface GateCookieValue {
  /** `base64(ticket)` with sessions in Redis, the sealed session else. */
  readonly payload: string;
  /** When the gate issued it: at sign-in or at a refresh; whole seconds, rounded down, in milliseconds. */
  readonly issuedAt: number;
  /**
   * Names the cookie without giving it away. Of what is signed alone, joined as it is signed: the signature's last
   * bits are free (base64), so one cookie has several spellings.
   */
  readonly digest: string;
}

/** undefined where the browser sent none. Sent but not of the gate's form: `unreadable`. */
export function readGateCookie(
  req: IncomingMessage,
  name: string,
): GateCookieValue | 'unreadable' | undefined {
  const value = loadCookie(req.headers.cookie ?? '', name);
  if (value === undefined) return undefined;
  const [payload = '', seconds = '', signature, ...rest] = value.split('|');
  if (signature === undefined || rest.length > 0 || !/^\d{1,12}$/.test(seconds)) return 'unreadable';
  return { payload, issuedAt: Number(seconds) * 1000, digest: digest(`${payload}${seconds}`) };
}

/**
 * As `loadCookie` (pkg/sessions/cookie/session_store.go): the whole one, else its parts from 0 until one is missing. However many
 * parts the gate joins are joined here: with a limit of our own, a cookie that was ended would come back in more pieces.
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

/** As Go's net/http `readCookies`: the first of a name counts, a value of strange bytes does not, quotes are taken off. */
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
