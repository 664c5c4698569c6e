// Sets Gatehouse's own cookies: one place for their attributes, and never two of one name in a response (ASVS 3.3, RFC 6265 4.1.1).
import type { ServerResponse } from 'node:http';
import { stringifySetCookie } from 'cookie';

export interface OwnCookieAttributes {
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: 'strict' | 'lax' | 'none';
}

/** Sets `name`, replacing what this response already sets under it. `maxAgeMs` undefined: until the browser closes. */
export function setCookie(
  res: ServerResponse,
  name: string,
  value: string,
  attributes: OwnCookieAttributes,
  maxAgeMs: number | undefined,
): void {
  const { secure, httpOnly, sameSite } = attributes;
  const maxAge = maxAgeMs === undefined ? {} : { maxAge: Math.ceil(maxAgeMs / 1000) };
  const line = stringifySetCookie({ name, value, path: '/', secure, httpOnly, sameSite, ...maxAge });
  const others = [res.getHeader('Set-Cookie') ?? []]
    .flat()
    .map(String)
    .filter((set) => !set.startsWith(`${name}=`));
  res.setHeader('Set-Cookie', [...others, line]);
}

/** Makes the browser delete `name`. Sends the attributes as well, because a `__Host-` cookie would be kept without them. */
export function clearCookie(res: ServerResponse, name: string, attributes: OwnCookieAttributes): void {
  setCookie(res, name, '', attributes, 0);
}
