// The shape of a route: one row each. Unless a row says that it is public, mounting it puts the gate, the session, the CSRF check and
// `no-store` in front of it (invariant 12); an operator's route says so in its row.
import type { Express, Request, RequestHandler } from 'express';
import { onlyMethods } from './errors.ts';

/** `public`: everyone, as a visitor. `member`: signed-in people. `operator`: members listed in `ADMIN_EMAILS`. */
export type Audience = 'public' | 'member' | 'operator';

export interface RouteRow {
  /** A GET row also answers HEAD. */
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As Express matches it: `/library/pages/:id`. All rows of one path have the same audience. */
  readonly path: string;
  readonly who: Audience;
  /** What it does, for the documents: "ends one of your devices". */
  readonly does: string;
  /**
   * For a POST sent by a page's form: that page. If the form arrives after the gate session ended, oauth2-proxy answers with its
   * sign-in and then opens the form's URL by GET: that redirects to this page, which says that nothing was changed.
   */
  readonly page?: string;
  /** For a member's page that only reads: the fast lane may admit its requests, which then skip the guards. */
  readonly isFast?: true;
  /** For a public route whose path is a pattern: the regular expression that oauth2-proxy lets through. */
  readonly gatePattern?: string;
}

export interface Route<Options> extends RouteRow {
  readonly handler: (options: Options) => RequestHandler | readonly RequestHandler[];
}

export interface BoundRoute extends RouteRow {
  readonly handlers: readonly RequestHandler[];
}

/** Gives the rows of a feature the parts that they need. */
export function bindRoutes<Options>(routes: readonly Route<Options>[], options: Options): BoundRoute[] {
  return routes.map(({ handler, ...row }) => ({ ...row, handlers: [handler(options)].flat() }));
}

/** What every request to a path passes through first, by the audience of the path. */
export type Guards = Readonly<Record<Audience, readonly RequestHandler[]>>;

/**
 * Mounts the rows in order: the guards of the path's audience, then the row of the method, otherwise 405 with `Allow`.
 * @throws Error if two rows of one path name different audiences
 */
export function mountRoutes(app: Express, routes: readonly BoundRoute[], guards: Guards): void {
  for (const [path, rows] of Map.groupBy(routes, (row) => row.path)) {
    const [{ who } = { who: 'operator' as const }] = rows;
    if (rows.some((row) => row.who !== who)) throw new Error(`two audiences for ${path}`);
    const route = app.route(path);
    const methods = rows.map(({ method }) => method);
    const isPage = methods.includes('GET');
    const page = rows.find((row) => row.page !== undefined)?.page;
    for (const guard of guards[who]) route.all(guard);
    if (page !== undefined) route.get(leadToForm(page, isPage));
    for (const { method, handlers } of rows) route[lowerCase[method]](...handlers);
    if (page !== undefined && !isPage) methods.unshift('GET');
    route.all(onlyMethods(...methods));
  }
}

const lowerCase = { GET: 'get', POST: 'post', DELETE: 'delete' } as const;

/** In the URL of a form whose path is a page as well, so that a GET by oauth2-proxy can be told from a visit to the page. */
const sent = 'sent';
/** In the URL of a page whose form was not processed. */
const notTaken = 'signed-in-again';

/** A form that arrives by GET was interrupted by the sign-in: its content is lost, so its page is shown and says so. */
function leadToForm(page: string, isPage: boolean): RequestHandler {
  return (req, res, next) => {
    if (isPage && req.query[sent] !== '1') return next();
    res.redirect(303, `${page}?${notTaken}=1`);
  };
}

/** Whether this page is shown instead of the answer to its form, which the sign-in interrupted. */
export function wasNotTaken(req: Request): boolean {
  return req.query[notTaken] === '1';
}
