// The configuration that the program uses: the settings, grouped, after the rules between them were checked.
import { checkRules, hasGateSessionsInRedis } from './rules.ts';
import type { Problem } from './setting.ts';
import type { SettingValues } from './settings.ts';

export type SameSite = 'strict' | 'lax' | 'none';

export interface CookieAttributes {
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: SameSite;
}

export type Config = ReturnType<typeof derive>;

interface Start {
  readonly production: boolean;
  /** True if `DEV_MODE` generated the secret key: this run cannot verify what an earlier run signed. */
  readonly isKeyMadeUp: boolean;
}

const dayMs = 86_400_000;

/** Groups `values`, and adds each violated rule between settings to `problems`. */
export function derive(values: SettingValues, { production, isKeyMadeUp }: Start, problems: Problem[]) {
  const publicOrigin = publicOriginOf(values);
  const https = publicOrigin.startsWith('https:');
  const secure = values.SESSION_COOKIE_SECURE ?? https;
  const gateSecure = values.OAUTH2_PROXY_COOKIE_SECURE ?? https;
  const prefix = values.COOKIE_PREFIX === 'none' ? '' : (values.COOKIE_PREFIX ?? (secure ? '__Host-' : ''));
  const gateCookieName = values.GATE_COOKIE_NAME ?? `${gateSecure ? '__Host-' : ''}_oauth2_proxy`;
  const names = [
    `${prefix}${values.SESSION_COOKIE_NAME}`,
    `${prefix}visitor_session_id`,
    gateCookieName,
  ] as const;
  /** Attributes of the session cookie and the visitor cookie. */
  const ownCookies: CookieAttributes = {
    secure,
    httpOnly: values.SESSION_COOKIE_HTTPONLY,
    sameSite: values.SESSION_COOKIE_SAMESITE,
  };
  const gateCookie: CookieAttributes = {
    secure: gateSecure,
    httpOnly: true,
    sameSite: values.OAUTH2_PROXY_COOKIE_SAMESITE,
  };
  const operators: ReadonlySet<string> = new Set(values.ADMIN_EMAILS);

  checkRules(values, { production, publicOrigin, secure, gateSecure, prefix, cookieNames: names }, problems);

  return {
    production,
    devMode: values.DEV_MODE,
    logLevel: values.LOG_LEVEL,
    rateLimit: values.RATE_LIMIT === 'on',
    /** In a minute. */
    rateLimits: {
      network: values.RATE_LIMIT_NETWORK,
      person: values.RATE_LIMIT_PERSON,
      changes: values.RATE_LIMIT_CHANGES,
      guard: values.RATE_LIMIT_GUARD,
      'guard-codes': 600,
    },
    /** The origin that browsers see, without a trailing slash. */
    publicOrigin,
    /** Other origins of this site: their pages redirect to `publicOrigin`. */
    publicAliases: values.PUBLIC_URL_ALIASES,
    /** Where notices are sent; undefined: nowhere. */
    webhook: values.NOTIFY_WEBHOOK_URL
      ? { url: values.NOTIFY_WEBHOOK_URL, secret: values.NOTIFY_WEBHOOK_SECRET }
      : undefined,
    host: values.HOST,
    port: values.PORT,
    opsPort: values.OPS_PORT,
    trustedHops: values.TRUSTED_HOPS ?? (values.FUNNEL_HOSTNAME ? 2 : 1),
    /** Newest first; the first one signs. */
    secretKeys: [values.SECRET_KEY, ...values.SECRET_KEY_FALLBACKS],
    isKeyMadeUp,
    secretDates: secretDatesOf(values.SECRET_DATES),
    secretMaxAgeMs: values.SECRET_MAX_AGE_DAYS * dayMs,
    audit: {
      /** Path of the JSON lines; undefined: none. */
      logFile: values.AUDIT_LOG_FILE === 'off' ? undefined : values.AUDIT_LOG_FILE,
      retentionMs: values.AUDIT_RETENTION_DAYS * dayMs,
      /** Hex keys, newest first, of earlier entries that cannot be verified with `secretKeys`. */
      formerKeys: values.AUDIT_KEY_FALLBACKS,
    },
    /** A person who has not signed in for this long is erased; 0: never. */
    personRetentionMs: values.PERSON_RETENTION_DAYS * dayMs,
    vault: {
      /** undefined: there is no vault. */
      passphrase: values.VAULT_PASSPHRASE,
      ttlMs: values.VAULT_TTL_DAYS * dayMs,
      bindMachine: values.VAULT_BIND_MACHINE,
    },
    confluence: {
      /** Without a trailing slash; undefined: none is configured. */
      url: values.CONFLUENCE_URL?.replace(/\/+$/, ''),
      username: values.CONFLUENCE_USERNAME,
      apiToken: values.CONFLUENCE_API_TOKEN,
      cookieFile: values.CONFLUENCE_COOKIE_FILE,
      allowPrivate: values.CONFLUENCE_ALLOW_PRIVATE,
      exportsDir: values.EXPORTS_DIR,
    },
    /** Created when missing, mode 0700. */
    dataDir: values.DATA_DIR,
    ownCookies,
    session: {
      cookieName: names[0],
      lifetimeMs: values.PERMANENT_SESSION_LIFETIME,
      idleMs: values.SESSION_IDLE_TIMEOUT,
      /** 0: only at sign-in. */
      rotateAfterMs: values.SESSION_ROTATE_AFTER,
      /** 0: no limit. */
      maxPerUser: values.SESSION_MAX_PER_USER,
      binding: values.SESSION_BINDING,
    },
    visitor: {
      cookieName: names[1],
      ttlMs: values.VISITOR_SESSION_TTL_DAYS * dayMs,
      consent: values.VISITOR_CONSENT,
    },
    store:
      values.SESSION_BACKEND === 'redis'
        ? ({ kind: 'redis', url: values.REDIS_URL, prefix: values.REDIS_PREFIX } as const)
        : ({ kind: 'sqlite', dataDir: values.DATA_DIR } as const),
    access: {
      /** oauth2-proxy's allow-list. */
      emailsFile: values.EMAILS_FILE,
      /** oauth2-proxy's `email_domains`: every address at these domains gets in without being on the list. */
      emailDomains: values.OAUTH2_PROXY_EMAIL_DOMAINS,
    },
    guard: {
      /** undefined: there is no guard. */
      listen: values.GUARD_LISTEN,
      appsFile: values.APPS_FILE,
      renewAfterMs: values.GUARD_RENEW_AFTER,
    },
    gate: {
      /** Newest first; each is accepted. */
      secrets: [values.GATE_SECRET, ...values.GATE_SECRET_FALLBACKS],
      operators,
      /** The origin of the sign-in page. */
      loginOrigin: new URL(values.OAUTH2_PROXY_LOGIN_URL).origin,
      cookie: {
        ...gateCookie,
        name: gateCookieName,
        expireMs: values.OAUTH2_PROXY_COOKIE_EXPIRE,
        /** 0: never refreshed. */
        refreshMs: values.OAUTH2_PROXY_COOKIE_REFRESH,
      },
      /** Where oauth2-proxy keeps its sessions. */
      sessions: hasGateSessionsInRedis(values)
        ? ({ kind: 'redis', url: values.GATE_REDIS_URL ?? values.REDIS_URL } as const)
        : ({ kind: 'cookie' } as const),
      governor: {
        mode: values.GATE_GOVERNOR,
        /** In each of the three limits, 0 means no limit. */
        maxAgeMs: values.GATE_MAX_AGE,
        maxIdleMs: values.GATE_MAX_IDLE,
        maxSessions: values.GATE_MAX_SESSIONS,
      },
    },
  } as const;
}

/** The date text by fingerprint; anything that is not a `fingerprint=date` pair is left out. */
function secretDatesOf(pairs: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    pairs
      .map((pair) => pair.split('='))
      .flatMap(([fingerprint, day]) => (fingerprint && day ? [[fingerprint, day] as const] : [])),
  );
}

function publicOriginOf(values: SettingValues): string {
  if (values.PUBLIC_URL) return values.PUBLIC_URL;
  if (values.FUNNEL_HOSTNAME) return `https://${values.FUNNEL_HOSTNAME.toLowerCase()}`;
  return values.DEV_MODE ? `http://localhost:${values.PORT}` : 'http://localhost:4180';
}
