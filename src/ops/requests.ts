// Middleware: counts requests and how long they took, by the part of the site that they ask for. The address itself goes nowhere.
import type { Request, RequestHandler, Response } from 'express';
import { type RouteClass, routeClasses, statusClasses } from './metric-table.ts';
import type { Metrics } from './metrics.ts';

export interface RequestOptions {
  readonly metrics: Metrics;
  /** What was wrong with the session cookie that a refused or new browser sent; asked once the answer is over. */
  readonly cookieErrorOf: (req: Request, res: Response) => 'ambiguous' | 'unsigned' | undefined;
}

/** By the first part of the path. What is not here is nothing that is there, or nobody's business to tell apart. */
const routes = new Map<string, RouteClass>([
  ['', 'public'],
  ['signed-out', 'public'],
  ['privacy-notice', 'public'],
  ['health', 'health'],
  ['assets', 'assets'],
  ['api', 'api'],
  ['dashboard', 'member'],
  ['devices', 'member'],
  ['cookies', 'member'],
  ['activity', 'member'],
  ['library', 'member'],
  ['privacy', 'member'],
  ['settings', 'member'],
  ['logout', 'member'],
  ['radar', 'operator'],
  ['access', 'operator'],
  ['record', 'operator'],
  ['checkup', 'operator'],
  ['keys', 'operator'],
  ['vault', 'operator'],
]);

/** `url` as the request line has it. */
export function routeClassOf(url: string): RouteClass {
  let end = 1;
  while (end < url.length && url[end] !== '/' && url[end] !== '?') end++;
  return routes.get(url.slice(1, end)) ?? 'other';
}

/** First of all, so that every answer is counted. */
export function measureRequests({ metrics, cookieErrorOf }: RequestOptions): RequestHandler {
  const series = Object.fromEntries(
    routeClasses.map((route) => [
      route,
      {
        took: metrics.histogram('gatehouse_http_request_duration_seconds', { route }),
        counts: statusClasses.map((status) =>
          metrics.counter('gatehouse_http_requests_total', { route, status }),
        ),
      },
    ]),
  ) as Record<RouteClass, { took: (seconds: number) => void; counts: (() => void)[] }>;
  const cookieErrors = {
    ambiguous: metrics.counter('gatehouse_cookie_errors_total', { kind: 'ambiguous' }),
    unsigned: metrics.counter('gatehouse_cookie_errors_total', { kind: 'unsigned' }),
  };
  const cut = statusClasses.indexOf('cut');

  return (req, res, next) => {
    const startedAt = performance.now();
    const { took, counts } = series[routeClassOf(req.url)];
    res.once('close', () => {
      took((performance.now() - startedAt) / 1000);
      counts[res.writableFinished ? Math.floor(res.statusCode / 100) - 2 : cut]?.();
      const cookieError = cookieErrorOf(req, res);
      if (cookieError !== undefined) cookieErrors[cookieError]();
    });
    next();
  };
}
