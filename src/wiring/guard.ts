// Assembles the guard: what the front asks at its own listener, and what hands a browser over on the desk. Both follow the apps file as it
// is at each request.
import type { RequestListener } from 'node:http';
import { createListed } from '../access/listed.ts';
import type { RevocationRecorder } from '../audit/recorder.ts';
import type { Config } from '../config/derive.ts';
import { createAppRules } from '../guard/app-rules.ts';
import { createAppsFile } from '../guard/apps-file.ts';
import { createAssertions } from '../guard/assertion.ts';
import { createCheck } from '../guard/check.ts';
import type { CheckOutcome } from '../guard/check-endpoint.ts';
import { withoutSecretCookies } from '../guard/front/cookies.ts';
import { appOfKey } from '../guard/front-key.ts';
import { createHandoffs } from '../guard/handoff.ts';
import { createLastUsed } from '../guard/last-used.ts';
import { createGuardListener } from '../guard/listener.ts';
import { mayUse } from '../guard/may-use.ts';
import { isPublic } from '../guard/public-path.ts';
import { guardRoutes } from '../guard/routes.ts';
import { createRuleFile } from '../guard/rule-file.ts';
import { createUses } from '../guard/uses.ts';
import type { Logger } from '../http/log.ts';
import { type BoundRoute, bindRoutes } from '../http/routes.ts';
import { endReplayed } from '../sessions/admission/replay.ts';
import { replayNotice } from './admission.ts';
import type { AppOptions, AppParts } from './app-parts.ts';

/** The apps file as it is now, and how operators change it: a rule counts from the next request on, also one that was changed by hand. */
export function openApps(
  { guard, publicOrigin }: Config,
  { logger, recorder }: { readonly logger: Logger; readonly recorder: RevocationRecorder },
): Required<Pick<AppOptions, 'guardedApps' | 'hasApps' | 'appRules'>> {
  const file = createAppsFile({ path: guard.appsFile, deskOrigin: publicOrigin, logger });
  const appRules = createAppRules({ file: createRuleFile(file), recorder, now: Date.now });
  // Under Compose the listener is always there.
  const hasApps = () => {
    const { readAt, faults } = file.state();
    return readAt !== undefined || faults.length > 0;
  };
  return { guardedApps: file.current, hasApps, appRules };
}

/** For the front; undefined: there is no guard. */
export function guardListener(parts: AppParts): RequestListener | undefined {
  const { config, store, keyring, recorder, logger, now, sessionControl, guardLimits, guardedApps, metrics } =
    parts;
  if (!guardedApps) return undefined;
  const { sessions, notes, claims, facts } = store;
  const { emailsFile, emailDomains } = config.access;
  const deskOrigin = config.publicOrigin;
  const limits = config.session;
  const replay = {
    store,
    now,
    recorder,
    endSession: sessionControl.revocation.one,
    notifyReplay: replayNotice(parts),
  };
  const cookieNames = { gate: config.gate.cookie.name, desk: [limits.cookieName, config.visitor.cookieName] };
  const assertions = createAssertions({ keyring, deskOrigin, now });
  return createGuardListener({
    deskOrigin,
    keyring,
    apps: guardedApps,
    appOfKey: (key) => appOfKey(keyring, guardedApps(), key),
    isPublic,
    check: createCheck({
      sessions,
      linkMarks: sessionControl.atGate.linkMarks,
      limits,
      binding: config.session.binding,
      apps: guardedApps,
      mayUse: (app, person, { groups }, at) => mayUse(app, person, { groups, now: at }) === 'yes',
      isListed: createListed({ path: emailsFile, emailDomains }),
      renewAfterMs: config.guard.renewAfterMs,
      now,
    }),
    handoffs: createHandoffs({ notes, claims, now }),
    sessions,
    limits,
    assertion: assertions.of,
    jwks: assertions.jwks,
    endReplayed: (row, { ip: network }) => endReplayed(row, { network }, replay),
    noteUse: createUses({ sessions, limits, noteApp: createLastUsed({ facts, now }).note, logger }),
    ...guardLimits,
    recorder,
    logger,
    now,
    cookiesForApp: (header) => withoutSecretCookies(header, cookieNames),
    onCheck: countChecks(metrics),
  });
}

function countChecks(metrics: AppParts['metrics']): (app: string, outcome: CheckOutcome) => void {
  const counters = new Map<CheckOutcome, () => void>();
  return (_app, outcome) => {
    let count = counters.get(outcome);
    if (!count) {
      count = metrics?.counter('gatehouse_guard_checks_total', { outcome }) ?? (() => undefined);
      counters.set(outcome, count);
    }
    count();
  };
}

/** The desk's part: hands a browser over. Without a guard there is no such address. */
export function bindGuard(parts: AppParts): BoundRoute[] {
  const { store, now, paths, guardedApps } = parts;
  if (!guardedApps) return [];
  const { sessions, notes, claims } = store;
  return bindRoutes(guardRoutes, {
    apps: guardedApps,
    mayUse: (app, person, { groups }, at) => mayUse(app, person, { groups, now: at }),
    handoffs: createHandoffs({ notes, claims, now }),
    sessions,
    signInAgain: paths.signInAgain,
    now,
  });
}
