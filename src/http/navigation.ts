// Tells what kind of request this is: a person opening a page, a script, or something in between.
import type { Request } from 'express';

/** A GET that loads a page into a window. Only such a request may create a session. Decided by Fetch Metadata if it is sent. */
export function isNavigation(req: Request): boolean {
  if (req.method !== 'GET' || isApi(req)) return false;
  const mode = req.headers['sec-fetch-mode'];
  const destination = req.headers['sec-fetch-dest'];
  if (mode !== undefined && mode !== 'navigate') return false;
  if (destination !== undefined && destination !== 'document') return false;
  return wantsHtml(req);
}

/** Whether the client can use a response in HTML. */
export function wantsHtml(req: Request): boolean {
  return !isApi(req) && prefersHtml(req);
}

/** Cache: a page asks several times, and browsers send one of a few headers. By the Accept header, which alone decides. */
const preferences = new Map<string | undefined, boolean>();
const preferencesLimit = 200;

function prefersHtml(req: Request): boolean {
  const { accept } = req.headers;
  const known = preferences.get(accept);
  if (known !== undefined) return known;
  const found = req.accepts(['html', 'json']) === 'html';
  if (preferences.size >= preferencesLimit) preferences.clear();
  if (accept === undefined || accept.length <= 500) preferences.set(accept, found);
  return found;
}

export function isApi(req: Request): boolean {
  return req.path === '/api' || req.path.startsWith('/api/');
}

/** A click on another site, which arrives without a SameSite=Strict cookie. */
export function isCrossSite(req: Request): boolean {
  return req.headers['sec-fetch-site'] === 'cross-site';
}

/**
 * A path on this site to return to: `/x?y`. Anything that a browser could read as another site becomes `/` (`//host`, `/\host`, a
 * scheme, control characters).
 */
export function safeReturnPath(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: browsers drop tabs and line ends from URLs, so they are refused
  return /^\/(?![/\\])[^\\\u0000-\u0020\u007f]*$/.test(path) && path.length <= 2000 ? path : '/';
}
