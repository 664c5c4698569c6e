// What kind of request this is: a person who opens a page, a script, or something between.
import type { Request } from 'express';

/** A GET that puts a page into a window. Only such a request may begin a session. Fetch metadata decides where it is sent. */
export function isNavigation(req: Request): boolean {
  if (req.method !== 'GET' || isApi(req)) return false;
  const mode = req.headers['sec-fetch-mode'];
  const destination = req.headers['sec-fetch-dest'];
  if (mode !== undefined && mode !== 'navigate') return false;
  if (destination !== undefined && destination !== 'document') return false;
  return wantsHtml(req);
}

/** Whether an answer in HTML is of use. */
export function wantsHtml(req: Request): boolean {
  return !isApi(req) && req.accepts(['html', 'json']) === 'html';
}

export function isApi(req: Request): boolean {
  return req.path === '/api' || req.path.startsWith('/api/');
}

/** A click from another site, which arrives without a SameSite=Strict cookie. */
export function isCrossSite(req: Request): boolean {
  return req.headers['sec-fetch-site'] === 'cross-site';
}

/**
 * A path on this site, to come back to: `/x?y`. Anything that a browser could read as another site is `/`
 * (`//host`, `/\host`, a scheme, control characters).
 */
export function safeReturnPath(path: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: browsers drop tabs and line ends from URLs, so they are refused
  return /^\/(?![/\\])[^\\\u0000-\u0020\u007f]*$/.test(path) && path.length <= 2000 ? path : '/';
}
