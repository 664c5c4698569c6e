// GET /cookies and GET /api/cookies: the cookie report, for people and for scripts.
import type { Request, RequestHandler, Response } from 'express';
import { type CookiesProps, cookies } from '../../views/cookies.ts';
import { pageFrame, sendPage } from '../http/page.ts';
import { sentCookies } from '../http/request-cookies.ts';
import type { Route } from '../http/routes.ts';
import { type KnownCookie, reportCookies } from './cookie-report.ts';

export interface CookiePagesOptions {
  /** The cookies that Gatehouse sets or knows, with their values for this request. */
  readonly known: (req: Request, res: Response) => readonly KnownCookie[];
}

export const cookieRoutes: readonly Route<CookiePagesOptions>[] = [
  {
    who: 'member',
    method: 'GET',
    path: '/cookies',
    does: 'the cookies that your browser sent, explained',
    handler: cookiesPage,
  },
  { who: 'member', method: 'GET', path: '/api/cookies', does: 'the same for scripts', handler: apiCookies },
];

export function cookiesPage(options: CookiePagesOptions): RequestHandler {
  return (req, res) => sendPage(res, cookies(pageFrame(req, res), reportOf(req, res, options)));
}

export function apiCookies(options: CookiePagesOptions): RequestHandler {
  return (req, res) => {
    res.json(reportOf(req, res, options));
  };
}

function reportOf(req: Request, res: Response, { known }: CookiePagesOptions): CookiesProps {
  return reportCookies(sentCookies(req), known(req, res));
}
