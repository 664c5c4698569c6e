// The answers of the guard's listener. They carry no page and are never cached.
import type { ServerResponse } from 'node:http';
import { digest } from '../crypto/tokens.ts';
import { safeReturnPath } from '../http/navigation.ts';
import type { GuardedApp, GuardReason } from './contract.ts';

/** How the front wants to be told where to send a browser: by a header (nginx, Caddy), or by a redirect, which is all that Traefik can pass on. */
export type Style = 'header' | 'redirect';

/** @param headers names and values in turn */
export function send(res: ServerResponse, status: number, headers: readonly string[] = [], body = ''): void {
  const length = status === 204 ? [] : ['Content-Length', String(Buffer.byteLength(body))];
  res.writeHead(status, ['Cache-Control', 'no-store', ...length, ...headers]);
  res.end(body);
}

/** Nobody is signed out because the store does not answer, and nobody is admitted. */
export function sendUnavailable(res: ServerResponse): void {
  if (!res.headersSent) send(res, 503, ['Retry-After', '5']);
}

export function redirect(res: ServerResponse, location: string, headers: readonly string[] = []): void {
  send(res, 302, ['Location', location, 'Referrer-Policy', 'no-referrer', ...headers]);
}

/** Tells the front to send the browser to `location`. */
export function lead(
  res: ServerResponse,
  style: Style,
  status: 401 | 403,
  location: string,
  headers: readonly string[],
): void {
  if (style === 'redirect') redirect(res, location, headers);
  else send(res, status, ['X-Guard-Redirect', location, ...headers]);
}

/** For the front alone: one that passes an answer on as it is gets no reason. */
export function reasonHeader(style: Style, reason: GuardReason): readonly string[] {
  return style === 'header' ? ['X-Guard-Reason', reason] : [];
}

export interface DeskTarget {
  /** Where the browser wants to go in the app: path and query. */
  readonly to: string;
  /** The start cookie of the browser; absent: it has none, so the desk sends it to the app first. */
  readonly start?: string | undefined;
  /** How often this was tried in a row. */
  readonly tries?: number;
}

/** The address at which the desk hands a browser over to an app. */
export function openUrl(deskOrigin: string, app: GuardedApp, { to, start, tries = 0 }: DeskTarget): string {
  const browser = start === undefined ? '' : `&browser=${digest(start)}`;
  const again = tries === 0 ? '' : `&tries=${tries}`;
  return `${deskOrigin}/open?app=${app.name}${browser}${again}&to=${encodeURIComponent(safeReturnPath(to))}`;
}

/** The address at which the desk explains why an app is not open to this browser. */
export function refusedUrl(deskOrigin: string, app: GuardedApp, reason: GuardReason, to = '/'): string {
  return `${deskOrigin}/open?app=${app.name}&refused=${reason}&to=${encodeURIComponent(safeReturnPath(to))}`;
}
