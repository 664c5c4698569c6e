// Parses the `Cookie` header as it was sent: duplicates are kept, and only space and tab count as white space.
import type { IncomingMessage } from 'node:http';

/** The part of a request that is read here. */
export type CookieHeader = Pick<IncomingMessage, 'headers'>;

export interface SentCookie {
  readonly name: string;
  readonly value: string;
}

/** Every pair that the browser sent, in order (RFC 6265, section 5.4). A part without `=` has an empty name. */
export function sentCookies(req: CookieHeader): readonly SentCookie[] {
  let cookies = read.get(req);
  if (!cookies) {
    cookies = readCookies(req.headers.cookie);
    read.set(req, cookies);
  }
  return cookies;
}

/** Several modules ask about the same request. */
const read = new WeakMap<CookieHeader, readonly SentCookie[]>();

function readCookies(header: string | undefined): readonly SentCookie[] {
  if (!header) return [];
  return header.split(';').map((part) => {
    const equals = part.indexOf('=');
    return { name: trim(part.slice(0, Math.max(equals, 0))), value: trim(part.slice(equals + 1)) };
  });
}

/** The value of the only cookie called `name`; undefined if there is none or more than one. */
export function singleCookie(req: CookieHeader, name: string): string | undefined {
  const found = sentCookies(req).filter((cookie) => cookie.name === name);
  return found.length === 1 ? found[0]?.value : undefined;
}

/**
 * Whether a cookie of that name was sent twice, or next to one whose name only a lenient parser takes for it (a leading U+00A0 makes
 * `__Host-x` out of a name that a sibling domain may set).
 */
export function isAmbiguous(req: CookieHeader, name: string): boolean {
  const alike = sentCookies(req).filter((cookie) => cookie.name.trim() === name);
  return alike.length > 1 || alike.some((cookie) => cookie.name !== name);
}

function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}
