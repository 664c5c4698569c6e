// The order in which a request is handled. Read it from top to bottom: the order is the security design.
// log → headers → limits → identity (gate) → session → anti-forgery → page → store → view
import type { RequestListener } from 'node:http';
import type { Express, RequestHandler } from 'express';
import { requirePerson } from './gate/identity.ts';
import { inspectGate } from './gate/refuse-ended.ts';
import { readBody } from './http/body.ts';
import { errorHandler, notFound } from './http/errors.ts';
import { createExpress } from './http/express.ts';
import { noStore } from './http/headers.ts';
import { networkKeyOf } from './http/limits.ts';
import { requestLog } from './http/log.ts';
import { refuseStrangeRequests } from './http/malformed-requests.ts';
import { prepareFrame } from './http/page.ts';
import { personOf } from './http/person.ts';
import { requestFacts } from './http/request-facts.ts';
import { requireOperator } from './http/require-operator.ts';
import { bindRoutes, type Guards, mountRoutes } from './http/routes.ts';
import { checkHost, checkOrigin } from './http/same-origin.ts';
import { createRequestMeter } from './ops/requests.ts';
import { keepSessionOnError } from './sessions/admission/admit.ts';
import { confirmChanges } from './sessions/admission/confirm-change.ts';
import { checkCsrf, recordCsrf } from './sessions/admission/csrf.ts';
import { logoutUnread } from './sessions/pages/logout.ts';
import { prepareMemberPage, startReadingPerson } from './sessions/pages/member-page.ts';
import { renewVisitor } from './visitors/public-pages.ts';
import { basicRoutes } from './visitors/routes.ts';
import { admission, confirmation, cookieErrorOf } from './wiring/admission.ts';
import { allRoutes } from './wiring/all-routes.ts';
import { type AppOptions, createAppParts } from './wiring/app-parts.ts';
import { bindAll } from './wiring/bind-routes.ts';
import { createFastLane } from './wiring/fast-lane.ts';
import { guardListener } from './wiring/guard.ts';

export interface App {
  readonly express: Express;
  /** Handles every request: by the fast lane if it can, otherwise by Express. */
  readonly listener: RequestListener;
  /** For the guard's own port or socket; undefined: there is no guard. */
  readonly guard: RequestListener | undefined;
}

export function createApp(options: AppOptions): App {
  const parts = createAppParts(options);
  const { config, liveSettings, keyring, store, logger, recorder, now, metrics } = parts;
  const { assets, paths, limit, byPerson, visitors, sessionControl } = parts;
  const { session, gate, ownCookies, devMode } = config;
  const app = createExpress(config.trustedHops);

  // For every request: log, headers, limits, and where the request comes from.
  const meter =
    metrics && createRequestMeter({ metrics, cookieErrorOf: cookieErrorOf(parts), routes: allRoutes });
  if (meter) app.use(meter.middleware);
  app.use(requestLog(logger));
  app.use(prepareFrame(parts.frame));
  app.use(parts.headers);
  app.use(refuseStrangeRequests);
  app.use(checkHost(config.publicOrigin, config.publicAliases));
  const open: Guards = { public: [], member: [notFound], operator: [notFound] };
  mountRoutes(app, bindRoutes(basicRoutes, { serveAsset: assets.serve }), open);
  app.use(limit('network', networkKeyOf));
  app.use(
    checkOrigin(config.publicOrigin, (req) =>
      recorder.note({ event: 'csrf.rejected', outcome: 'refused', reason: 'origin', ...requestFacts(req) }),
    ),
  );

  // For everything that is not public: an identity from oauth2-proxy, a session, and for changes its anti-forgery token.
  const member: RequestHandler[] = [
    noStore,
    requirePerson({
      secrets: () => liveSettings.config().gate.secrets,
      noteFormer: liveSettings.dates.noteUse,
      operators: gate.operators,
      cookieName: gate.cookie.name,
      devMode,
      paths,
      recorder,
    }),
    ...(devMode ? [] : [inspectGate({ revocation: sessionControl.atGate, paths, recorder })]),
    limit('person', byPerson),
    limit('changes', byPerson),
    startReadingPerson(store.people),
    ...admission(parts),
    ...readBody(),
    checkCsrf({ now }),
    prepareMemberPage(store.people),
    renewVisitor(visitors),
    confirmChanges(confirmation(parts)),
  ];
  const operator = requireOperator((req, res) =>
    recorder.note({
      event: 'operator.denied',
      outcome: 'refused',
      person: personOf(res),
      ...requestFacts(req),
    }),
  );
  const routes = bindAll(parts);
  mountRoutes(app, routes, { public: [], member, operator: [...member, operator] });
  // A script that mistypes an address is told so only after it has been authenticated.
  app.all('/api/*path', ...member);

  app.use(notFound);
  app.use(
    logoutUnread({
      revocation: sessionControl.revocation,
      keyring,
      cookieName: session.cookieName,
      cookie: ownCookies,
      signOutPath: paths.signOut,
      signOutLatePath: paths.signOutLate,
    }),
  );
  app.use(keepSessionOnError);
  app.use(recordCsrf(recorder));
  app.use(errorHandler(logger));

  // Before all of the above: requests that need nothing but reading. Whatever it does not admit goes through all of the above.
  const lane = createFastLane(parts, meter, routes);
  return {
    express: app,
    listener: (req, res) => lane(req, res, () => app(req, res)),
    guard: guardListener(parts),
  };
}
