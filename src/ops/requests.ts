// Middleware: counts requests and measures how long they took, by part of the site. The address itself is not kept.
import type { ServerResponse } from 'node:http';
import type { Request, RequestHandler, Response } from 'express';
import { type RouteClass, routeClasses, statusClasses } from './metric-table.ts';
import type { Metrics } from './metrics.ts';

export interface RequestOptions {
  readonly metrics: Metrics;
  readonly routes: readonly ClassifiedRoute[];
  /** What was wrong with the session cookie of a refused or new browser; asked once the response is finished. */
  readonly cookieErrorOf: (req: Request, res: Response) => 'ambiguous' | 'unsigned' | undefined;
}

/** What the classification needs of a route; its path starts with a slash. */
export interface ClassifiedRoute {
  readonly path: string;
  readonly who: 'public' | 'member' | 'operator';
}

const ownClasses: Readonly<Record<string, RouteClass>> = { api: 'api', assets: 'assets', health: 'health' };

/**
 * Classifies addresses by the first segment of the path, according to the first route below it. Without such a route: `other`.
 * @returns a function that takes the address as the request line has it
 */
export function classifyRoutes(routes: readonly ClassifiedRoute[]): (url: string) => RouteClass {
  const classes = new Map<string, RouteClass>();
  for (const { path, who } of routes) {
    const first = firstPart(path);
    if (!classes.has(first))
      classes.set(first, Object.hasOwn(ownClasses, first) ? (ownClasses[first] ?? who) : who);
  }
  return (url) => classes.get(firstPart(url)) ?? 'other';
}

function firstPart(url: string): string {
  let end = 1;
  while (end < url.length && url[end] !== '/' && url[end] !== '?') end++;
  return url.slice(1, end);
}

export interface RequestMeter {
  /** The first middleware, so that every response is counted. */
  readonly middleware: RequestHandler;
  /** Measures a response that no middleware handles. @param startedAt by `performance.now()` */
  begin(url: string, res: ServerResponse, startedAt: number): void;
}

export function createRequestMeter({ metrics, routes, cookieErrorOf }: RequestOptions): RequestMeter {
  const routeClassOf = classifyRoutes(routes);
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

  function begin(url: string, res: ServerResponse, startedAt: number): void {
    const { took, counts } = series[routeClassOf(url)];
    res.once('close', () => {
      took((performance.now() - startedAt) / 1000);
      counts[res.writableFinished ? Math.floor(res.statusCode / 100) - 2 : cut]?.();
    });
  }

  return {
    begin,
    middleware(req, res, next) {
      begin(req.url, res, performance.now());
      res.once('close', () => {
        const cookieError = cookieErrorOf(req, res);
        if (cookieError !== undefined) cookieErrors[cookieError]();
      });
      next();
    },
  };
}
