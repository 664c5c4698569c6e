// What the program uses, made from the settings: grouped, once the rules between them hold.
import type { Problem } from './problem.ts';
import { checkRules } from './rules.ts';
import type { SettingValues } from './settings.ts';

export type SameSite = 'strict' | 'lax' | 'none';

export interface CookieAttributes {
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: SameSite;
}

export interface Config {
  readonly production: boolean;
  readonly devMode: boolean;
  readonly logLevel: SettingValues['LOG_LEVEL'];
  readonly rateLimit: boolean;
  /** The origin that browsers see, without a trailing slash. */
  readonly publicOrigin: string;
  /** Origins whose names lead to `publicOrigin`. */
  readonly publicAliases: readonly string[];
  /** undefined: nobody is told. */
  readonly webhook: { readonly url: string; readonly secret: string | undefined } | undefined;
  readonly host: string;
  readonly port: number;
  readonly opsPort: number;
  readonly trustedHops: number;
  /** Newest first; the first one signs. */
  readonly secretKeys: readonly [string, ...string[]];
  /** True where DEV_MODE made one up for this run, so that nothing of it is known again. */
  readonly isKeyMadeUp: boolean;
  readonly secretDates: ReadonlyMap<string, string>;
  readonly secretMaxAgeMs: number;
  readonly audit: {
    /** Path of the JSON lines; undefined: none. */
    readonly logFile: string | undefined;
    readonly retentionMs: number;
    /** Hex keys of earlier entries, newest first, that `secretKeys` no longer give. */
    readonly formerKeys: readonly string[];
  };
  /** After so long without a sign-in a person is erased; 0: never. */
  readonly personRetentionMs: number;
  readonly vault: {
    /** undefined: there is no vault. */
    readonly passphrase: string | undefined;
    readonly ttlMs: number;
    readonly bindMachine: boolean;
  };
  readonly confluence: {
    /** undefined: none is configured. */
    readonly url: string | undefined;
    readonly username: string | undefined;
    readonly apiToken: string | undefined;
    readonly cookieFile: string;
    readonly allowPrivate: boolean;
    /** Where exported pages are written. */
    readonly exportsDir: string;
  };
  /** Made when missing, mode 0700. */
  readonly dataDir: string;
  /** Shared by both own cookies. */
  readonly ownCookies: CookieAttributes;
  readonly session: {
    readonly cookieName: string;
    readonly lifetimeMs: number;
    readonly idleMs: number;
    /** 0: only at sign-in. */
    readonly rotateAfterMs: number;
    /** 0: no limit. */
    readonly maxPerUser: number;
    readonly binding: 'off' | 'observe' | 'enforce';
  };
  readonly visitor: {
    readonly cookieName: string;
    readonly ttlMs: number;
    readonly consent: 'notice' | 'required';
  };
  readonly store:
    | { readonly kind: 'sqlite'; readonly dataDir: string }
    | { readonly kind: 'redis'; readonly url: string; readonly prefix: string };
  readonly access: {
    /** oauth2-proxy's allow-list. */
    readonly emailsFile: string;
    /** oauth2-proxy's `email_domains`: whoever matches comes in without being on the list. */
    readonly emailDomains: readonly string[];
  };
  readonly gate: {
    /** Newest first; each is accepted. */
    readonly secrets: readonly [string, ...string[]];
    readonly operators: ReadonlySet<string>;
    /** The origin of the sign-in page. */
    readonly loginOrigin: string;
    readonly cookie: CookieAttributes & {
      readonly name: string;
      readonly expireMs: number;
      /** 0: never refreshed. */
      readonly refreshMs: number;
    };
    /** Where oauth2-proxy keeps its sessions. */
    readonly sessions: { readonly kind: 'cookie' } | { readonly kind: 'redis'; readonly url: string };
    readonly governor: {
      readonly mode: 'off' | 'dry-run' | 'on';
      /** Each 0: no limit. */
      readonly maxAgeMs: number;
      readonly maxIdleMs: number;
      readonly maxSessions: number;
    };
  };
}

const dayMs = 86_400_000;

/** Groups `values`; rules between settings that do not hold are added to `problems`. */
export function derive(values: SettingValues, production: boolean, problems: Problem[]): Config {
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

  checkRules(values, { production, publicOrigin, secure, gateSecure, prefix, cookieNames: names }, problems);

  return {
    production,
    devMode: values.DEV_MODE,
    logLevel: values.LOG_LEVEL,
    rateLimit: values.RATE_LIMIT === 'on',
    publicOrigin,
    publicAliases: values.PUBLIC_URL_ALIASES,
    webhook: values.NOTIFY_WEBHOOK_URL
      ? { url: values.NOTIFY_WEBHOOK_URL, secret: values.NOTIFY_WEBHOOK_SECRET }
      : undefined,
    host: values.HOST,
    port: values.PORT,
    opsPort: values.OPS_PORT,
    trustedHops: values.TRUSTED_HOPS ?? (values.FUNNEL_HOSTNAME ? 2 : 1),
    secretKeys: [values.SECRET_KEY, ...values.SECRET_KEY_FALLBACKS],
    isKeyMadeUp: false,
    secretDates: secretDatesOf(values.SECRET_DATES),
    secretMaxAgeMs: values.SECRET_MAX_AGE_DAYS * dayMs,
    audit: {
      logFile: values.AUDIT_LOG_FILE === 'off' ? undefined : values.AUDIT_LOG_FILE,
      retentionMs: values.AUDIT_RETENTION_DAYS * dayMs,
      formerKeys: values.AUDIT_KEY_FALLBACKS,
    },
    personRetentionMs: values.PERSON_RETENTION_DAYS * dayMs,
    vault: {
      passphrase: values.VAULT_PASSPHRASE,
      ttlMs: values.VAULT_TTL_DAYS * dayMs,
      bindMachine: values.VAULT_BIND_MACHINE,
    },
    confluence: {
      url: values.CONFLUENCE_URL?.replace(/\/+$/, ''),
      username: values.CONFLUENCE_USERNAME,
      apiToken: values.CONFLUENCE_API_TOKEN,
      cookieFile: values.CONFLUENCE_COOKIE_FILE,
      allowPrivate: values.CONFLUENCE_ALLOW_PRIVATE,
      exportsDir: values.EXPORTS_DIR,
    },
    dataDir: values.DATA_DIR,
    ownCookies: {
      secure,
      httpOnly: values.SESSION_COOKIE_HTTPONLY,
      sameSite: values.SESSION_COOKIE_SAMESITE,
    },
    session: {
      cookieName: names[0],
      lifetimeMs: values.PERMANENT_SESSION_LIFETIME,
      idleMs: values.SESSION_IDLE_TIMEOUT,
      rotateAfterMs: values.SESSION_ROTATE_AFTER,
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
        ? { kind: 'redis', url: values.REDIS_URL, prefix: values.REDIS_PREFIX }
        : { kind: 'sqlite', dataDir: values.DATA_DIR },
    access: { emailsFile: values.EMAILS_FILE, emailDomains: values.OAUTH2_PROXY_EMAIL_DOMAINS },
    gate: {
      secrets: [values.GATE_SECRET, ...values.GATE_SECRET_FALLBACKS],
      operators: new Set(values.ADMIN_EMAILS),
      loginOrigin: new URL(values.OAUTH2_PROXY_LOGIN_URL).origin,
      cookie: {
        name: gateCookieName,
        secure: gateSecure,
        httpOnly: true,
        sameSite: values.OAUTH2_PROXY_COOKIE_SAMESITE,
        expireMs: values.OAUTH2_PROXY_COOKIE_EXPIRE,
        refreshMs: values.OAUTH2_PROXY_COOKIE_REFRESH,
      },
      sessions:
        (values.GATE_SESSION_STORE ?? (values.SESSION_BACKEND === 'redis' ? 'redis' : 'cookie')) === 'redis'
          ? { kind: 'redis', url: values.GATE_REDIS_URL ?? values.REDIS_URL }
          : { kind: 'cookie' },
      governor: {
        mode: values.GATE_GOVERNOR,
        maxAgeMs: values.GATE_MAX_AGE,
        maxIdleMs: values.GATE_MAX_IDLE,
        maxSessions: values.GATE_MAX_SESSIONS,
      },
    },
  };
}

/** By fingerprint, the day as it was written; what does not read as such a pair is left out. */
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
