// The parts of the app: built once from the options, and passed to the middleware in `app.ts` and to the routes.
import { resolve } from 'node:path';
import type { Request, Response } from 'express';
import type { Config } from '../config/derive.ts';
import type { RetentionFact } from '../doctor/deployment.ts';
import { createGatePaths } from '../gate/paths.ts';
import type { AppRules } from '../guard/app-rules.ts';
import type { Apps } from '../guard/contract.ts';
import { createAllowances } from '../http/allowances.ts';
import { loadAssets } from '../http/assets.ts';
import { securityHeaders } from '../http/headers.ts';
import { immediateLimit, limitRate, networkKeyOf, type RateLimits } from '../http/limits.ts';
import type { Logger } from '../http/log.ts';
import { personOf } from '../http/person.ts';
import { createRateCounters, type RateLimitRedis } from '../http/rate-counters.ts';
import { createOverview, type Overview } from '../keys/overview.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { ErasingRecorder } from '../privacy/erase.ts';
import type { Store } from '../store/contract.ts';
import type { VaultPagesOptions } from '../vault/pages.ts';
import { createVisitors } from '../visitors/visitors.ts';
import type { LibraryRouteParts } from './library.ts';
import { createLiveSettings, type LiveSettings } from './live-settings.ts';
import type { PrivacyParts } from './privacy.ts';
import { createSessionControl, type SessionControl } from './session-control.ts';

export interface AppOptions {
  readonly config: Config;
  readonly store: Store;
  readonly logger: Logger;
  /** Writes an event before the change that it describes. */
  readonly recorder: ErasingRecorder;
  /** Shares the rate limits between replicas; absent: each process counts for itself. */
  readonly redis?: RateLimitRedis;
  /** Notifies code with open responses that the server stops. @returns a function that unsubscribes */
  readonly onStop?: (listener: () => void) => () => void;
  /** Counts requests; absent: nothing is counted. */
  readonly metrics?: Metrics;
  /** How sessions end; absent: oauth2-proxy keeps its sessions in its cookie. */
  readonly sessionControl?: SessionControl;
  /** Follows a reload; absent: nothing changes while it runs. */
  readonly liveSettings?: LiveSettings;
  /** What other modules keep about a person, to copy and to erase. */
  readonly privacy?: Pick<PrivacyParts, 'sources' | 'erasers'>;
  /** What was fetched from Confluence; absent: there are no library pages. */
  readonly library?: Pick<LibraryRouteParts, 'library' | 'recorder' | 'reading'>;
  /** The vault; absent: there are no vault pages. */
  readonly vault?: Pick<VaultPagesOptions, 'vault' | 'recorder' | 'testConnection'>;
  /** The apps behind the guard as they are now; absent: there is no guard. */
  readonly guardedApps?: () => Apps;
  /** Whether there ever was an apps file, so that the pages about apps are offered; absent: they are with `guardedApps`. */
  readonly hasApps?: () => boolean;
  /** Who may open which app, to be changed by operators; absent: only the file changes it. */
  readonly appRules?: AppRules;
  /** Whether retention trusts the clock; absent: not known. */
  readonly retention?: () => RetentionFact;
  /** The time, in milliseconds. */
  readonly now?: () => number;
}

const publicFolder = resolve(import.meta.dirname, '../../public');

export type AppParts = ReturnType<typeof createAppParts>;

export function createAppParts(options: AppOptions) {
  const { store, logger, recorder, now = Date.now, onStop = () => () => undefined } = options;
  const liveSettings =
    options.liveSettings ??
    createLiveSettings({ loaded: { config: options.config }, notes: store.notes, logger, now });
  const config = liveSettings.config();
  const { keyring } = liveSettings;
  const { visitor, ownCookies } = config;
  const rates: RateLimits = {
    enabled: config.rateLimit,
    most: config.rateLimits,
    counters: createRateCounters(
      options.redis,
      config.store.kind === 'redis' ? config.store.prefix : undefined,
    ),
    logger,
  };
  const allow = createAllowances(rates);
  const assets = loadAssets(publicFolder);
  const paths = createGatePaths(config.devMode);
  return {
    config,
    liveSettings,
    keyring,
    store,
    logger,
    recorder,
    now,
    onStop,
    allow,
    assets,
    paths,
    limit: (name: Parameters<typeof limitRate>[0], key: (req: Request) => string) =>
      limitRate(name, rates, key),
    /** What the frame of every page starts with. */
    frame: {
      asset: assets.path,
      devMode: config.devMode,
      hasApps: options.hasApps ?? (() => options.guardedApps !== undefined),
      signInPath: paths.signIn('/dashboard'),
    },
    /** Sets the security headers of every response. */
    headers: securityHeaders({
      https: config.publicOrigin.startsWith('https:'),
      loginOrigin: config.gate.loginOrigin,
    }),
    /** The same limits, for the fast lane. */
    limits: { network: immediateLimit('network', rates), person: immediateLimit('person', rates) },
    /** For the guard's listener. */
    guardLimits: {
      byPerson: immediateLimit('guard', rates),
      byNetwork: immediateLimit('guard-codes', rates),
    },
    byPerson: (req: Request) => personOf(req.res as Response).id,
    visitors: createVisitors({
      table: store.visitors,
      keyring,
      cookieName: visitor.cookieName,
      cookie: ownCookies,
      ttlMs: visitor.ttlMs,
      consent: visitor.consent,
      now,
      logger,
      takeRoom: (req) => allow.take('visitors', networkKeyOf(req)),
    }),
    sessionControl:
      options.sessionControl ??
      createSessionControl({ config, store, logger, recorder, now, gateRedis: undefined }),
    keys: keysOverview(liveSettings, now),
    metrics: options.metrics,
    guardedApps: options.guardedApps,
    appRules: options.appRules,
    library: options.library,
    vault: options.vault,
    privacy: options.privacy,
    retention: options.retention,
  };
}

/** What the keys page and the dashboard's reminder show, from what the running server knows. */
function keysOverview(liveSettings: LiveSettings, now: () => number): Overview {
  const { config, values, dates, keyring } = liveSettings;
  return createOverview({ config, values, dates, newestSigns: keyring.newestSigns, now });
}
