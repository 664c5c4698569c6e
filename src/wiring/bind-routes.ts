// Every route with its handler: the rows of each module, bound to the parts that they need.
import type { Request, Response } from 'express';
import { createReader } from '../audit/reader.ts';
import { checkupRoutes, createCheckup } from '../doctor/pages.ts';
import { isGateCookie, isGateSignInCookie } from '../gate/cookie-value.ts';
import { namesOfApps, readAppsUsed } from '../guard/pages/devices.ts';
import { limitCopies } from '../http/allowances.ts';
import { networkKeyOf } from '../http/limits.ts';
import { personOf } from '../http/person.ts';
import { clearCookie } from '../http/response-cookies.ts';
import { type BoundRoute, bindRoutes } from '../http/routes.ts';
import { keysRoutes } from '../keys/pages.ts';
import { createOwnSignIns, readEveryonesCharts } from '../ops/charts.ts';
import { forecastStorage } from '../ops/storage-forecast.ts';
import { cookieRoutes } from '../privacy/cookie-pages.ts';
import { describeCookies } from '../privacy/own-cookies.ts';
import { storedItems } from '../privacy/stored-items.ts';
import { forget, sessionOf } from '../sessions/admission/request-session.ts';
import { absoluteEndOf } from '../sessions/rules/session.ts';
import { vaultRoutes } from '../vault/routes.ts';
import { publicRoutes } from '../visitors/routes.ts';
import type { AppParts } from './app-parts.ts';
import { bindRecord, recordSource } from './audit-routes.ts';
import { lookFromInside } from './doctor.ts';
import { bindGuard } from './guard.ts';
import { bindGuardPages } from './guard-pages.ts';
import { bindLibrary } from './library.ts';
import { bindPrivacy, createPrivacy } from './privacy.ts';
import { bindSessions } from './session-routes.ts';

export function bindAll(parts: AppParts): BoundRoute[] {
  const { config, liveSettings, store, recorder, now, onStop, paths, visitors, allow, sessionControl } =
    parts;
  const { session, visitor, ownCookies } = config;
  const { vault, library, guardedApps, retention, keys } = parts;
  const shared = {
    ...parts,
    signOutPath: paths.signOut,
    signOutLatePath: paths.signOutLate,
    limitCopies: limitCopies(allow, parts.byPerson),
  };
  return [
    ...bindRoutes(publicRoutes, {
      consent: visitor.consent,
      ttlMs: visitor.ttlMs,
      visitors,
      limitChanges: parts.limit('changes', networkKeyOf),
      storedItems: storedItems(config),
    }),
    ...bindSessions({
      ...shared,
      ...(guardedApps && {
        appsUsed: readAppsUsed({ apps: guardedApps }),
        ...(parts.appRules && { knownApps: namesOfApps({ apps: guardedApps }) }),
      }),
      dueKeys: () => (config.devMode ? [] : keys.due()),
      chartsOf: chartsOf(parts),
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
    ...bindRoutes(cookieRoutes, { known: cookiesOf(parts) }),
    ...bindRecord({
      ...shared,
      config: liveSettings.config,
      // Watching does not count as using the session: it still reaches its idle limit.
      watchSession(req, res) {
        forget(req);
        return async () => (await res.locals.stillAdmitted?.()) === true;
      },
    }),
    ...bindPrivacy({
      ...shared,
      privacy: createPrivacy({
        config,
        store,
        recorder,
        revocation: sessionControl.revocation,
        now,
        sources: [recordSource(store), ...(parts.privacy?.sources ?? [])],
        erasers: [({ ids }) => allow.forget(ids), ...(parts.privacy?.erasers ?? [])],
      }),
      forgetBrowser(req, res) {
        forget(req);
        clearCookie(res, session.cookieName, ownCookies);
        clearCookie(res, visitor.cookieName, ownCookies);
      },
    }),
    ...bindRoutes(keysRoutes, {
      overview: keys,
      now,
      maxAgeMs: () => liveSettings.config().secretMaxAgeMs,
    }),
    ...bindRoutes(
      checkupRoutes,
      createCheckup({
        look: () =>
          lookFromInside(liveSettings.config(), now, retention, () => forecastStorage(store, now())),
        now,
      }),
    ),
    ...(vault
      ? bindRoutes(vaultRoutes, {
          ...shared,
          ...vault,
          cookieFile: config.confluence.cookieFile,
          target: config.confluence.url === undefined ? undefined : new URL(config.confluence.url),
        })
      : []),
    ...bindGuard(parts),
    ...bindGuardPages(parts),
    ...(library ? bindLibrary({ ...shared, ...library, onStop }) : []),
  ];
}

/** The dashboard's charts: everyone's for operators, their own for members. */
function chartsOf({ store, now }: AppParts) {
  const { counters, sessions } = store;
  const ownSignIns = createOwnSignIns({ reader: createReader(store), now });
  return async (res: Response) => {
    const person = personOf(res);
    return person.operator
      ? { everyone: await readEveryonesCharts({ counters, countLive: sessions.countLive, now }) }
      : { own: await ownSignIns.read(person) };
  };
}

/** The cookies that this site and oauth2-proxy set, for the page that lists them. */
function cookiesOf({ config, visitors, now }: AppParts) {
  const { session, visitor, gate, ownCookies } = config;
  return (req: Request, res: Response) => {
    const current = sessionOf(res);
    return describeCookies({
      own: ownCookies,
      sessionName: session.cookieName,
      sessionLeftMs: current.staySignedIn ? absoluteEndOf(current, session) - now() : undefined,
      visitorName: visitor.cookieName,
      visitorLeftMs: visitors.timeLeftMs(req, res),
      gate: gate.cookie,
      isGateCookie: (name) => isGateCookie(name, gate.cookie.name),
      isGateSignInCookie: (name) => isGateSignInCookie(name, gate.cookie.name),
    });
  };
}
