// Who may ask: the Host must be ours, and a change must come from one of our own pages.
import type { Request, RequestHandler } from 'express';
import { HttpError } from './errors.ts';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses a foreign `Host` with 421. Ours are the public one, and this machine's own names with the port that
 * was connected to, for scripts and health checks beside the app.
 */
export function checkHost(publicOrigin: string): RequestHandler {
  const publicHost = new URL(publicOrigin).host;
  return (req, _res, next) => {
    const hosts = headerCount(req, 'host');
    const host = req.headers.host?.toLowerCase();
    next(
      hosts === 1 && (host === publicHost || isLocalHost(req, host))
        ? undefined
        : new HttpError('misdirected'),
    );
  };
}

/**
 * Refuses a change whose `Origin` is not the page's own, that a browser calls anything but same-origin,
 * or that says neither (ASVS 3.5.1; W3C Fetch Metadata). A cross-site read of `/api` is refused as well (3.5.8).
 * @param refused hears of each refused change
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
  if (headerCount(req, 'origin') > 1) return false;
  return (
    origin === publicOrigin || (isLocalHost(req, req.headers.host) && origin === `http://${req.headers.host}`)
  );
}

function isLocalHost(req: Request, host: string | undefined): boolean {
  const port = req.socket.localPort;
  return host === `localhost:${port}` || host === `127.0.0.1:${port}` || host === `[::1]:${port}`;
}

/** How often a header stands on the wire: Node.js joins or drops duplicates silently. */
export function headerCount(req: Request, name: string): number {
  let count = 0;
  for (let i = 0; i < req.rawHeaders.length; i += 2) if (req.rawHeaders[i]?.toLowerCase() === name) count++;
  return count;
}
