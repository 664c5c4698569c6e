// The security headers of every response (ASVS 3.4). Nothing may load, frame or run that is not named here.
import type { RequestHandler, Response } from 'express';
import helmet from 'helmet';

export interface HeaderOptions {
  /** Whether browsers use https: only then HSTS. */
  readonly https: boolean;
  /** Where oauth2-proxy sends people to sign in: a form that is posted after the gate session ended is redirected there. */
  readonly loginOrigin: string;
}

/** Needs `res.locals.nonce`. */
export function securityHeaders({ https, loginOrigin }: HeaderOptions): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: [(_req, res) => `'nonce-${(res as Response).locals.nonce}'`],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        formAction: ["'self'", loginOrigin],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    // With `no-referrer`, browsers send `Origin: null` with our own forms.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: https ? { maxAge: 63_072_000, includeSubDomains: true } : false,
    xFrameOptions: { action: 'deny' },
  });
}

/** For everything that concerns one person (ASVS 14.3.2). */
export const noStore: RequestHandler = (_req, res, next) => {
  res.setHeader('Cache-Control', 'no-store');
  next();
};

/** For a page that shows another page of this site in a frame: the one thing that the page policy forbids. */
export function allowOwnFrame(res: Response): void {
  res.setHeader('Content-Security-Policy', `${res.getHeader('Content-Security-Policy')};frame-src 'self'`);
}

/** For a response with untrusted content: its own policy instead of the page policy. Only our own pages may frame it. */
export function replacePolicy(res: Response, policy: string): void {
  res.setHeader('Content-Security-Policy', policy);
  res.setHeader('X-Frame-Options', 'SAMEORIGIN');
}
