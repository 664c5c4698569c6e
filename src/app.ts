// The composition root. Read from top to bottom: the order is the security design.
// A request walks one way: log → headers → limits → identity (gate) → session → anti-forgery → page → store → view.
import { resolve } from 'node:path';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';
import { createAliases } from './audit/aliases.ts';
import { createReader } from './audit/reader.ts';
import type { Config } from './config/derive.ts';
import { isGateCookie, isGateSignInCookie } from './gate/cookie-names.ts';
import { personOf, requirePerson } from './gate/identity.ts';
import { createGatePaths } from './gate/paths.ts';
import { inspectGate, refuseEnded } from './gate/refuse-ended.ts';
import { signInNameOf } from './gate/sign-in-name.ts';
import { createAllowances, limitCopies } from './http/allowances.ts';
import { loadAssets } from './http/assets.ts';
import { readBody } from './http/body.ts';
import { errorHandler, notFound } from './http/errors.ts';
import { noStore, securityHeaders } from './http/headers.ts';
import { limitRate, networkOf, type RateLimits } from './http/limits.ts';
import { type Logger, requestLog } from './http/log.ts';
import { refuseStrangeRequests } from './http/malformed-requests.ts';
import { prepareFrame } from './http/page.ts';
import { createRateCounters, type RateLimitRedis } from './http/rate-counters.ts';
import { isAmbiguous, singleCookie } from './http/request-cookies.ts';
import { requestFacts } from './http/request-facts.ts';
import { requireOperator } from './http/require-operator.ts';
import { clearCookie } from './http/response-cookies.ts';
import { bindRoutes, type Guards, mountRoutes } from './http/routes.ts';
import { checkHost, checkOrigin } from './http/same-origin.ts';
import { createOwnSignIns, readHouseCharts } from './ops/charts.ts';
import type { Metrics } from './ops/metrics.ts';
import { measureRequests } from './ops/requests.ts';
import { forecastStorage } from './ops/storage-forecast.ts';
import { createWebhook } from './ops/webhook.ts';
import { cookieRoutes } from './privacy/cookie-pages.ts';
import type { ErasingRecorder } from './privacy/erase.ts';
import { describeCookies } from './privacy/own-cookies.ts';
import { storedItems } from './privacy/stored-items.ts';
import { admitSession, keepSessionOnError } from './sessions/admission/admit.ts';
import { type ConfirmOptions, confirmChanges } from './sessions/admission/confirm-change.ts';
import { checkCsrf, recordCsrf } from './sessions/admission/csrf.ts';
import { ExpressStore } from './sessions/admission/express-store.ts';
import { forget, sessionOf } from './sessions/admission/request-session.ts';
import { signedBy } from './sessions/admission/session-cookie.ts';
import { logoutUnread } from './sessions/pages/logout.ts';
import { prepareMemberPage } from './sessions/pages/member-page.ts';
import { absoluteEndOf } from './sessions/rules/session.ts';
import type { Store } from './store/contract.ts';
import { networkOf as shortNetwork } from './store/network.ts';
import { renewVisitor } from './visitors/public-pages.ts';
import { basicRoutes, publicRoutes } from './visitors/routes.ts';
import { createVisitors } from './visitors/visitors.ts';
import { allRoutes } from './wiring/all-routes.ts';
import { bindRecord, recordSource } from './wiring/audit-routes.ts';
import { bindCheckup, type CheckupParts } from './wiring/checkup.ts';
import { bindKeys, keysOverview } from './wiring/keys.ts';
import { bindLibrary, type LibraryRouteParts } from './wiring/library.ts';
import { createLiveSettings, type LiveSettings } from './wiring/live-settings.ts';
import { bindPrivacy, createPrivacy, type PrivacyParts } from './wiring/privacy.ts';
import { createSessionControl, type SessionControl } from './wiring/session-control.ts';
import { bindSessions } from './wiring/session-routes.ts';
import { bindVault, type VaultParts } from './wiring/vault.ts';

export interface AppOptions {
  readonly config: Config;
  readonly store: Store;
  readonly logger: Logger;
  /** Where events are written before what they tell of. */
  readonly recorder: ErasingRecorder;
  /** Shares the rate limits between replicas; absent: each process counts for itself. */
  readonly redis?: RateLimitRedis;
  /** Tells what holds its answers open that the server stops. @returns how to be forgotten */
  readonly onStop?: (listener: () => void) => () => void;
  /** What counts requests; absent: nobody asks. */
  readonly metrics?: Metrics;
  /** How sessions end; absent: the gate keeps its sessions in its cookie. */
  readonly sessionControl?: SessionControl;
  /** What follows a reload; absent: nothing changes while it runs. */
  readonly liveSettings?: LiveSettings;
  /** What other rooms keep about somebody, to copy and to erase. */
  readonly privacy?: Pick<PrivacyParts, 'sources' | 'erasers'>;
  /** What was fetched of Confluence; absent: there are no library pages. */
  readonly library?: Pick<LibraryRouteParts, 'library' | 'recorder' | 'reading'>;
  /** The vault; absent: there are no pages of it. */
  readonly vault?: Pick<VaultParts, 'vault' | 'recorder' | 'testConnection'>;
  /** What retention makes of the clock; absent: nobody asks. */
  readonly retention?: CheckupParts['retention'];
  /** The time, milliseconds. */
  readonly now?: () => number;
}

const pass: RequestHandler = (_req, _res, next) => next();
const publicFolder = resolve(import.meta.dirname, '../public');

export function createApp(options: AppOptions): Express {
  const { store, logger, recorder, redis, now = Date.now, onStop = () => () => undefined } = options;
  const liveSettings =
    options.liveSettings ??
    createLiveSettings({ loaded: { config: options.config }, notes: store.notes, logger, now });
  const config = liveSettings.config();
  const { keyring } = liveSettings;
  const { session, visitor, gate, ownCookies, devMode } = config;
  const assets = loadAssets(publicFolder);
  const paths = createGatePaths(devMode);
  const prefix = config.store.kind === 'redis' ? config.store.prefix : undefined;
  const rates: RateLimits = {
    enabled: config.rateLimit,
    counters: createRateCounters(redis, prefix),
    logger,
  };
  const limit = (name: Parameters<typeof limitRate>[0], key: (req: Request) => string) =>
    limitRate(name, rates, key);
  const allow = createAllowances(rates);
  const visitors = createVisitors({
    table: store.visitors,
    keyring,
    cookieName: visitor.cookieName,
    cookie: ownCookies,
    ttlMs: visitor.ttlMs,
    consent: visitor.consent,
    now,
    logger,
    takeRoom: (req) => allow.take('visitors', networkOf(req)),
  });
  const sessionControl =
    options.sessionControl ??
    createSessionControl({ config, store, logger, recorder, now, gateRedis: undefined });
  const { revocation } = sessionControl;
  const aliases = createAliases(store.aliases);
  const tell = config.webhook ? createWebhook({ ...config.webhook, logger }) : async () => undefined;
  const expressStore = new ExpressStore({ table: store.sessions, limits: session, cookie: ownCookies, now });

  const { counters, sessions } = store;
  const ownSignIns = createOwnSignIns({ reader: createReader(store), now });
  const houseCharts = () => readHouseCharts({ counters, countLive: sessions.countLive, now });
  /** What is wrong with the session cookie of a browser that was not admitted with it. */
  const cookieErrorOf = (req: Request, res: Response) => {
    const { session: live, isNewSession, person } = res.locals;
    if (!person || (live && !isNewSession)) return undefined;
    if (isAmbiguous(req, session.cookieName)) return 'ambiguous' as const;
    const sent = singleCookie(req, session.cookieName);
    return sent !== undefined && signedBy(sent, keyring) === undefined ? ('unsigned' as const) : undefined;
  };

  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', config.trustedHops);
  app.set('query parser', 'simple');
  app.enable('case sensitive routing');
  app.enable('strict routing');

  // Everyone: log, headers, limits, and where the request comes from.
  if (options.metrics)
    app.use(measureRequests({ metrics: options.metrics, cookieErrorOf, routes: allRoutes }));
  app.use(requestLog(logger));
  app.use(prepareFrame({ asset: assets.path, devMode, signInPath: paths.signIn('/dashboard') }));
  app.use(
    securityHeaders({ https: config.publicOrigin.startsWith('https:'), loginOrigin: gate.loginOrigin }),
  );
  app.use(refuseStrangeRequests);
  app.use(checkHost(config.publicOrigin, config.publicAliases));
  const open: Guards = { public: [], member: [notFound], operator: [notFound] };
  mountRoutes(app, bindRoutes(basicRoutes, { serveAsset: assets.serve }), open);
  app.use(limit('network', networkOf));
  app.use(
    checkOrigin(config.publicOrigin, (req) =>
      recorder.note({ event: 'csrf.rejected', outcome: 'refused', reason: 'origin', ...requestFacts(req) }),
    ),
  );

  // Everything that is not public: an identity from the gate, a live session, and for changes its anti-forgery token.
  const confirmation: ConfirmOptions = {
    sessions,
    limits: session,
    now,
    isEndedAtGate: async (req, res) =>
      !devMode && (await sessionControl.atGate.inspect(req, personOf(res))).verdict !== 'goes on',
  };
  const gateSession = { revocation: sessionControl.atGate, paths, recorder };
  const byPerson = (req: Request) => personOf(req.res as Response).id;
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
    devMode ? pass : inspectGate(gateSession),
    limit('person', byPerson),
    limit('changes', byPerson),
    ...admitSession({
      store,
      expressStore,
      keyring,
      limits: session,
      now,
      recorder,
      cookieName: session.cookieName,
      cookie: ownCookies,
      personOf,
      addressOf: async (pseudonym) => (await aliases.personOf(pseudonym))?.email,
      signInAgain: paths.signInAgain,
      signInNameOf: (req, res) => signInNameOf(req, res.locals.gate, gate.cookie.name),
      allow,
      replaceVisitor: visitors.replace,
      rotateAfterMs: session.rotateAfterMs,
      onRotated: options.metrics?.counter('gatehouse_session_rotations_total'),
      maxPerUser: session.maxPerUser,
      binding: session.binding,
      endSession: revocation.one,
      endHere: revocation.here,
      isNewGateLink: sessionControl.isNewGateLink,
      keepGateLink: sessionControl.keepGateLink,
      rememberOwner: sessionControl.rememberOwner,
      refuseEndedAtGate: refuseEnded(gateSession),
      isNewSignIn: sessionControl.isNewSignIn,
      isThisBrowser: sessionControl.isThisBrowser,
      tellOfReplay: ({ email, device }) =>
        void tell({
          event: 'session.replayed',
          text: `A cookie of ${email} that had been replaced was used again; the session ended everywhere.`,
          at: now(),
          facts: { person: email, device: `${device.browser} on ${device.os}` },
        }),
      tellOfNewDevice: ({ email }, { at, device, network }) => {
        const name = `${device.browser} on ${device.os}`;
        void tell({
          event: 'device.new',
          text: `${email} signed in on a new device: ${name}.`,
          at,
          facts: { person: email, device: name, network: shortNetwork(network) },
        });
      },
    }),
    ...readBody(),
    checkCsrf({ now }),
    prepareMemberPage(store.people),
    renewVisitor(visitors),
    confirmChanges(confirmation),
  ];
  const operator = requireOperator(personOf, (req, res) =>
    recorder.note({
      event: 'operator.denied',
      outcome: 'refused',
      person: personOf(res),
      ...requestFacts(req),
    }),
  );
  const guards: Guards = { public: [], member, operator: [...member, operator] };
  const overview = keysOverview(liveSettings, now);
  const knownCookiesOf = (req: Request, res: Response) => {
    const live = sessionOf(res);
    return describeCookies({
      own: ownCookies,
      sessionName: session.cookieName,
      sessionLeftMs: live.staySignedIn ? absoluteEndOf(live, session) - now() : undefined,
      visitorName: visitor.cookieName,
      visitorLeftMs: visitors.timeLeftMs(req, res),
      gate: gate.cookie,
      isGateCookie: (name) => isGateCookie(name, gate.cookie.name),
      isGateSignInCookie: (name) => isGateSignInCookie(name, gate.cookie.name),
    });
  };
  const parts = {
    config,
    store,
    logger,
    recorder,
    now,
    personOf,
    signOutPath: paths.signOut,
    limitCopies: limitCopies(allow, byPerson),
    signOutLatePath: paths.signOutLate,
  };
  const routes = [
    ...bindRoutes(publicRoutes, {
      consent: visitor.consent,
      ttlMs: visitor.ttlMs,
      visitors,
      limitChanges: limit('changes', networkOf),
      storedItems: storedItems(config),
    }),
    ...bindSessions({
      ...parts,
      sessionControl,
      dueKeys: () => (devMode ? [] : overview.due()),
      chartsOf: async (res) => {
        const person = personOf(res);
        return person.operator ? { house: await houseCharts() } : { own: await ownSignIns.read(person) };
      },
      visitorClock: (req, res) => ({
        label: 'Visitor cookie',
        name: visitor.cookieName,
        purpose: 'Remembers this browser on the public pages.',
        leftMs: visitors.timeLeftMs(req, res),
        lifetimeMs: visitor.ttlMs,
      }),
      rememberForVisitor: async (req, res, choices) => {
        await visitors.choose(req, res, choices);
      },
    }),
    ...bindRoutes(cookieRoutes, { known: knownCookiesOf }),
    ...bindRecord({
      ...parts,
      config: liveSettings.config,
      onStop,
      // Watching is no use of the session: it runs out by itself.
      watchSession(req, res) {
        forget(req);
        return async () => (await res.locals.stillAdmitted?.()) === true;
      },
    }),
    ...bindPrivacy({
      ...parts,
      privacy: createPrivacy({
        config,
        store,
        recorder,
        revocation,
        now,
        sources: [recordSource(store), ...(options.privacy?.sources ?? [])],
        erasers: [({ ids }) => allow.forget(ids), ...(options.privacy?.erasers ?? [])],
      }),
      forgetBrowser(req, res) {
        forget(req);
        clearCookie(res, session.cookieName, ownCookies);
        clearCookie(res, visitor.cookieName, ownCookies);
      },
    }),
    ...bindKeys({ liveSettings, overview, now }),
    ...bindCheckup({
      config: liveSettings.config,
      now,
      ...(options.retention && { retention: options.retention }),
      room: () => forecastStorage(store, now()),
    }),
    ...(options.vault ? bindVault({ ...parts, ...options.vault }) : []),
    ...(options.library ? bindLibrary({ ...parts, ...options.library, onStop }) : []),
  ];
  mountRoutes(app, routes, guards);
  // A script that mistypes an address is told so only once it is known who asks.
  app.all('/api/*path', ...member);

  app.use(notFound);
  app.use(
    logoutUnread({
      revocation,
      keyring,
      cookieName: session.cookieName,
      cookie: ownCookies,
      signOutPath: paths.signOut,
      signOutLatePath: paths.signOutLate,
      personOf: (res) => res.locals.person,
    }),
  );
  app.use(keepSessionOnError);
  app.use(recordCsrf(recorder));
  app.use(errorHandler(logger));
  return app;
}
