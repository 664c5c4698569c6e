// Checks where a request comes from: the Host must be ours, and a change must come from one of our own pages.
import type { Request, RequestHandler } from 'express';
import { HttpError } from './errors.ts';
import { isLocalHost, isOrigin, readHost } from './public-name.ts';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses a foreign `Host` with 421. Ours are the public one, and the local names of this machine with the port of the connection. An
 * alias only leads to the public name: a GET is redirected, a change is refused, because no page of ours was ever shown there.
 */
export function checkHost(publicOrigin: string, aliases: readonly string[]): RequestHandler {
  const schemeOf = (origin: string) => new URL(origin).protocol;
  const isNameOf = (host: string, origin: string) =>
    readHost(host, schemeOf(origin)) === new URL(origin).host;
  const publicHost = new URL(publicOrigin).host;
  return (req, res, next) => {
    const host = req.headers.host?.toLowerCase() ?? '';
    if (headerCount(req, 'host') !== 1) return next(new HttpError('misdirected'));
    if (host === publicHost || isLocalHost(req, host) || isNameOf(host, publicOrigin)) return next();
    if (!aliases.some((alias) => isNameOf(host, alias))) return next(new HttpError('misdirected'));
    if (req.method !== 'GET' && req.method !== 'HEAD') return next(new HttpError('other_name'));
    // The refusal above is a page as well, and loads its style from the same origin.
    if (req.path.startsWith('/assets/')) return next();
    res.setHeader('Cache-Control', 'no-store');
    res.redirect(302, publicOrigin + (req.url.startsWith('/') ? req.url : '/'));
  };
}

/**
 * Refuses a change whose `Origin` is not that of the page, that a browser marks as anything but same-origin, or that has neither
 * header (ASVS 3.5.1; W3C Fetch Metadata). A cross-site read of `/api` is refused as well (3.5.8).
 * @param refused called for each refused change
 */
export function checkOrigin(publicOrigin: string, refused: (req: Request) => void): RequestHandler {
  return (req, _res, next) => {
    const site = req.headers['sec-fetch-site'];
    if (safeMethods.has(req.method)) {
      const isCrossSiteRead = req.path.startsWith('/api/') && site === 'cross-site';
      next(isCrossSiteRead ? new HttpError('cross_site') : undefined);
      return;
    }
    if (isOwnOrigin(req, publicOrigin, site)) {
      next();
      return;
    }
    refused(req);
    next(new HttpError('bad_origin'));
  };
}

function isOwnOrigin(req: Request, publicOrigin: string, site: string | string[] | undefined): boolean {
  const origin = req.headers.origin;
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  if (origin === undefined) return site === 'same-origin';
  return (
    isOrigin(origin, publicOrigin) ||
    (isLocalHost(req, req.headers.host) && origin === `http://${req.headers.host}`)
  );
}

/** How often a header was sent: Node.js joins or drops duplicates silently. */
export function headerCount(req: Request, name: string): number {
  let count = 0;
  for (let i = 0; i < req.rawHeaders.length; i += 2) if (req.rawHeaders[i]?.toLowerCase() === name) count++;
  return count;
}
