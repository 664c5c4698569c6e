// The one table of settings: name, type, default, meaning. `.env.example`, the README's table and the loader are made from it.
import { isIP } from 'node:net';
import { z } from 'zod';
import { parseDuration } from './duration.ts';
import { profileNames } from './profiles.ts';
import { isPlaceholder, secretFault } from './secret-strength.ts';

/** One row. Values are the text of a variable; `schema` turns it into what the program uses. */
export interface Setting<T = unknown> {
  readonly schema: z.ZodType<T, string>;
  /** The text that stands when the variable is unset and its profile says nothing; absent: see `required`. */
  readonly default?: string;
  /** Refused when unset (in `DEV_MODE` a value is made up for the run). */
  readonly required?: true;
  /** How the default reads in the tables where it is not a plain text. */
  readonly defaultNote?: string;
  readonly secret?: true;
  readonly group: SettingGroup;
  readonly about: string;
  /** Stands uncommented in `.env.example` with this value. */
  readonly example?: string;
}

export type SettingGroup =
  | 'Start here'
  | 'Secrets'
  | 'Gate'
  | 'Sessions'
  | 'Visitors'
  | 'Storage'
  | 'Record'
  | 'Vault'
  | 'Confluence'
  | 'Running'
  | 'Docker Compose';

/** How many former secrets a list of fallbacks may hold. */
export const maxFallbacks = 10;

const flag = z.stringbool({ truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off'] });
const port = wholeNumber(0, 65_535);
const days = wholeNumber(1, 3650);
const count = wholeNumber(0, 1000);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);
const sameSite = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(['strict', 'lax', 'none']));
const cookieName = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'must be letters, digits, `_`, `.` or `-`');
const email = z
  .string()
  .toLowerCase()
  .regex(/^[^\s@,]{1,64}@[^\s@,]{1,190}$/, 'is not an e-mail address');

function wholeNumber(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .refine((n) => n >= min && n <= max, message);
}

const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms === undefined) context.addIssue('must be seconds (`604800`) or a duration like `168h` or `1h30m`');
  return ms ?? z.NEVER;
});

const lifetime = duration.refine((ms) => ms >= 1000, 'must be at least one second');

// oauth2-proxy reads these from the same file, with Go's parsers: what it would not start with is refused here, by name.
const goFlag = z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'] });
const goSameSite = z.enum(['strict', 'lax', 'none'], 'must be `strict`, `lax` or `none`, in small letters');
const goDuration = z
  .string()
  .regex(/^0$|[a-z]$/, 'must have a unit, like `168h`: oauth2-proxy does not take plain seconds')
  .pipe(duration);

const origin = z.string().transform((text, context) => {
  const url = URL.parse(text);
  const rest = url ? url.pathname + url.search + url.hash + url.username + url.password : '';
  // `*` is a name to a parser of URLs.
  const isHost = /^([a-z\d._-]+|\[[\da-f:.]+\])$/.test(url?.hostname ?? '');
  if (!url || !/^https?:$/.test(url.protocol) || rest !== '/' || !isHost) {
    context.addIssue('must be an origin alone, like `https://desk.example.org` (no path, no user)');
    return z.NEVER;
  }
  return url.origin;
});

const host = z
  .string()
  .refine((text) => isIP(text) !== 0 || /^[a-z0-9.-]+$/i.test(text), 'must be an address or a host name');

function secret(minLength: number, shape: RegExp, shapeText: string, mend: (value: string) => string) {
  return z.string().superRefine((value, context) => {
    const fault = secretFault(value, minLength) ?? (shape.test(value) ? undefined : `must be ${shapeText}`);
    if (fault) context.addIssue(`${fault}; ${mend(value)}`);
  });
}

// A real value that is unfit is replaced only when that is asked for, so its mend is not a placeholder's.
const generate = (word: 'session' | 'gate') => (value: string) =>
  `run \`node generate-secrets.ts${isPlaceholder(value) ? '' : ` --rotate ${word}`}\` to make one`;

type Mend = Parameters<typeof secret>[3];
const secretKey = (mend: Mend) => secret(64, /^[0-9a-f]+$/i, '64 or more hexadecimal digits', mend);
// No comma: as a fallback it would fall apart.
const gateSecret = (mend: Mend) =>
  secret(32, /^[\x21-\x2b\x2d-\x7e]+$/, 'printable characters, no spaces or commas', mend);
const fallbacks = (one: typeof secretKey) =>
  list.pipe(
    z
      .array(one(() => 'remove it'))
      .max(maxFallbacks, `holds more than ${maxFallbacks}; remove the last ones`),
  );

// One user part, then hosts: anything looser lets a password with a raw `/` hide the host, or stand in a message.
const redisHosts = String.raw`(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d+)?`;
// What is no number would be taken for database 0, where another program may be.
const redisDatabase = [
  /^(?:\/\d{0,5})?(?:\?family=[046])?$/,
  'must end with the number of a database, like `/0`, and takes no option but `?family=4` or `6`',
] as const;
const redisPaths: Readonly<Record<string, typeof redisDatabase | readonly [RegExp, string]>> & {
  readonly redis: typeof redisDatabase;
} = {
  redis: redisDatabase,
  'redis+sentinel': [
    /^(?:\/[\w.:-]+(?:\/\d{0,5})?|\/?)$/,
    'must end with the name of the primary and the number of a database, like `/mymaster/0`',
  ],
  'redis+cluster': [/^(?:\/0?)?$/, 'must have no database: a cluster has number 0 alone'],
};
const redisForm = new RegExp(
  String.raw`^(?:rediss?|redis\+sentinel|redis\+cluster)://(?:[^@/?#\s]*@)?${redisHosts}(?:,${redisHosts})*(?:[/?]\S*)?$`,
);
const redisUrl = z.string().superRefine((url, context) => {
  const [, form = '', rest = ''] = /^([a-z+]+):\/\/[^/?]*(.*)$/.exec(url) ?? [];
  const [shape, message] = redisPaths[form] ?? redisPaths.redis;
  if (!redisForm.test(url))
    context.addIssue(
      'must be redis://, rediss://, redis+sentinel:// or redis+cluster:// and hosts (in a password, / is %2F and @ is %40)',
    );
  else if (!shape.test(rest)) context.addIssue(message);
});

export const settings = {
  PUBLIC_URL: {
    schema: origin,
    defaultNote: '`https://$FUNNEL_HOSTNAME`, else `http://localhost:4180`',
    group: 'Start here',
    about:
      'The origin that browsers see. Decides `Secure`, the Origin check and redirects. Required in production. Over plain http Compose needs `GATE_COOKIE_NAME=_oauth2_proxy` and `OAUTH2_PROXY_COOKIE_SECURE=false` too.',
    example: 'http://localhost:4180',
  },
  PUBLIC_URL_ALIASES: {
    schema: list.pipe(z.array(origin)),
    default: '',
    group: 'Start here',
    about:
      'Other origins of this site, separated by commas: pages there lead to `PUBLIC_URL`, changes are refused. The front must pass them on; see docs/deploy.md.',
  },
  FUNNEL_HOSTNAME: {
    schema: z
      .string()
      .refine(
        (text) => /^[a-z\d]/i.test(text) && URL.parse(`https://${text}`)?.hostname === text.toLowerCase(),
        'must be a host name, like `desk.tail1234.ts.net`',
      ),
    group: 'Start here',
    about: 'Tailscale Funnel’s name for this machine; stands in for an empty `PUBLIC_URL`.',
  },
  ADMIN_EMAILS: {
    schema: list.pipe(z.array(email)),
    default: '',
    group: 'Start here',
    about: 'Operators: addresses that see everyone, separated by commas.',
    example: '',
  },
  SECURITY_PROFILE: {
    schema: z.enum(profileNames),
    default: 'balanced',
    group: 'Start here',
    about:
      'The defaults below: `high`, `balanced`, `convenience` or `development`. A variable that is set wins.',
    example: 'balanced',
  },
  SECRET_KEY: {
    schema: secretKey(generate('session')),
    required: true,
    secret: true,
    group: 'Secrets',
    about: 'Signs the app’s cookies: 64 hexadecimal digits or more.',
    example: 'changeme',
  },
  SECRET_KEY_FALLBACKS: {
    schema: fallbacks(secretKey),
    default: '',
    secret: true,
    group: 'Secrets',
    about: 'Former keys, separated by commas: cookies that they signed are still accepted, and signed anew.',
  },
  SECRET_MAX_AGE_DAYS: {
    schema: days,
    default: '90',
    group: 'Secrets',
    about: 'After how many days the keys page and the dashboard remind operators to rotate a secret.',
  },
  SECRET_DATES: {
    schema: list,
    default: '',
    group: 'Secrets',
    about:
      'When each secret was made, by fingerprint: `1a2b3c4d=2026-11-23`, separated by commas. `generate-secrets` keeps it.',
  },
  GATE_SECRET: {
    schema: gateSecret(generate('gate')),
    required: true,
    secret: true,
    group: 'Secrets',
    about: 'What oauth2-proxy proves itself with (its `basic_auth_password`): 32 characters or more.',
    example: 'changeme',
  },
  GATE_SECRET_FALLBACKS: {
    schema: fallbacks(gateSecret),
    default: '',
    secret: true,
    group: 'Secrets',
    about: 'Former gate secrets that are still accepted, separated by commas.',
  },
  OAUTH2_PROXY_CLIENT_ID: {
    schema: z.string(),
    default: '',
    group: 'Gate',
    about: 'From Google: APIs & Services, Credentials, OAuth client ID (web application).',
    example: '',
  },
  OAUTH2_PROXY_CLIENT_SECRET: {
    schema: z.string(),
    default: '',
    secret: true,
    group: 'Gate',
    about: 'Its secret. The redirect URI to enter there is `PUBLIC_URL` + `/oauth2/callback`.',
    example: '',
  },
  OAUTH2_PROXY_COOKIE_SECRET: {
    schema: z.string(),
    default: '',
    secret: true,
    group: 'Gate',
    about:
      'Signs and seals oauth2-proxy’s own cookie: exactly 32 bytes as base64url. Changing it sends everyone to Google again.',
    example: 'changeme',
  },
  OAUTH2_PROXY_COOKIE_EXPIRE: {
    schema: goDuration.refine((ms) => ms >= 1000, 'must be at least one second'),
    default: '168h',
    group: 'Gate',
    about: 'How long oauth2-proxy’s session lives.',
    example: '168h',
  },
  OAUTH2_PROXY_COOKIE_REFRESH: {
    schema: goDuration,
    default: '24h',
    group: 'Gate',
    about: 'After what time oauth2-proxy asks Google again; must be less than its expiry; `0` never.',
    example: '24h',
  },
  OAUTH2_PROXY_COOKIE_SECURE: {
    schema: goFlag,
    defaultNote: '`true` when `PUBLIC_URL` is https',
    group: 'Gate',
    about: 'Whether oauth2-proxy’s cookie travels over https only.',
  },
  OAUTH2_PROXY_COOKIE_SAMESITE: {
    schema: goSameSite,
    default: 'lax',
    group: 'Gate',
    about: 'SameSite of oauth2-proxy’s cookie.',
  },
  OAUTH2_PROXY_LOGIN_URL: {
    schema: z.url({ protocol: /^https?$/, message: 'must be a URL' }),
    default: 'https://accounts.google.com/o/oauth2/auth',
    group: 'Gate',
    about: 'Where oauth2-proxy sends people to sign in; the app allows forms to be redirected there.',
  },
  GATE_SESSION_STORE: {
    schema: z.enum(['cookie', 'redis']),
    defaultNote: '`redis` with `SESSION_BACKEND=redis`, else `cookie`',
    group: 'Gate',
    about:
      'Where oauth2-proxy keeps its sessions (its `session_store_type`). With `redis` ending a session is real at the gate too.',
  },
  GATE_REDIS_URL: {
    schema: redisUrl,
    defaultNote: 'that of `REDIS_URL`',
    secret: true,
    group: 'Gate',
    about: 'The Redis of oauth2-proxy’s sessions, in the forms of `REDIS_URL`.',
  },
  GATE_GOVERNOR: {
    schema: z.enum(['off', 'dry-run', 'on']),
    default: 'off',
    group: 'Gate',
    about:
      '`on` ends sessions at the gate by the three limits below (`GATE_SESSION_STORE=redis`); `dry-run` only says which; `off`.',
  },
  GATE_MAX_AGE: {
    schema: duration,
    default: '0',
    group: 'Gate',
    about: 'How long a session at the gate may go on, refreshed or not; `0` for ever.',
  },
  GATE_MAX_IDLE: {
    schema: duration,
    default: '0',
    group: 'Gate',
    about: 'How long it may stay unused; `0` for ever.',
  },
  GATE_MAX_SESSIONS: {
    schema: wholeNumber(0, 1000),
    default: '0',
    group: 'Gate',
    about: 'How many sessions at the gate a person may have; the oldest are ended; `0` for any number.',
  },
  GATE_COOKIE_NAME: {
    schema: cookieName,
    defaultNote: '`__Host-_oauth2_proxy` when secure, else `_oauth2_proxy`',
    group: 'Gate',
    about: 'The name of oauth2-proxy’s cookie (its `cookie_name`).',
  },
  OAUTH2_PROXY_EMAIL_DOMAINS: {
    schema: list,
    default: '',
    group: 'Gate',
    about: 'Domains whose every address gets in, beside the allow-list; the access page warns of them.',
  },
  EMAILS_FILE: {
    schema: z.string(),
    default: 'access/emails.txt',
    group: 'Gate',
    about: 'oauth2-proxy’s allow-list: one address a line. Nobody else gets in.',
  },
  TRUSTED_HOPS: {
    schema: wholeNumber(1, 5),
    defaultNote: '`2` with `FUNNEL_HOSTNAME`, else `1`',
    group: 'Gate',
    about:
      'Proxies between browsers and the app: `1` is oauth2-proxy alone, `2` with Caddy, nginx or Funnel before it. Decides whose address is seen.',
  },
  PERMANENT_SESSION_LIFETIME: {
    schema: lifetime,
    default: '604800',
    group: 'Sessions',
    about: 'Absolute lifetime of a session, in seconds or as `168h`.',
  },
  SESSION_IDLE_TIMEOUT: {
    schema: lifetime,
    default: '86400',
    group: 'Sessions',
    about: 'A session without a request for so long is over.',
  },
  SESSION_ROTATE_AFTER: {
    schema: duration,
    default: '900',
    group: 'Sessions',
    about: 'Age at which a session’s id is replaced; `0` only at sign-in.',
  },
  SESSION_MAX_PER_USER: {
    schema: count,
    default: '10',
    group: 'Sessions',
    about: 'Sessions that one person may have; the one used longest ago is signed out. `0` for no limit.',
  },
  SESSION_BINDING: {
    schema: z.enum(['off', 'observe', 'enforce']),
    default: 'observe',
    group: 'Sessions',
    about:
      'What happens when browser, system or network of a session changes: `off` nothing, `observe` an entry in the record, `enforce` it ends.',
  },
  SESSION_COOKIE_NAME: {
    schema: cookieName,
    default: 'session',
    group: 'Sessions',
    about: 'The name of the session cookie, without prefix.',
  },
  SESSION_COOKIE_SECURE: {
    schema: flag,
    defaultNote: '`true` when `PUBLIC_URL` is https',
    group: 'Sessions',
    about: 'Send both own cookies over https only.',
  },
  SESSION_COOKIE_HTTPONLY: {
    schema: flag,
    default: 'true',
    group: 'Sessions',
    about: 'Keep both own cookies away from scripts.',
  },
  SESSION_COOKIE_SAMESITE: {
    schema: sameSite,
    default: 'Lax',
    group: 'Sessions',
    about: '`Strict`, `Lax`, or `None` (only with Secure).',
  },
  COOKIE_PREFIX: {
    schema: z.enum(['__Host-Http-', '__Host-', '__Secure-', 'none']),
    defaultNote: '`__Host-` when secure, else empty',
    group: 'Sessions',
    about:
      'Put before both own cookies’ names; `none` for no prefix. `__Host-Http-` adds that no script set the cookie, where browsers know it.',
  },
  VISITOR_SESSION_TTL_DAYS: {
    schema: days,
    default: '7',
    group: 'Visitors',
    about: 'How many days the visitor cookie and a visitor’s choices are kept.',
  },
  VISITOR_CONSENT: {
    schema: z.enum(['notice', 'required']),
    default: 'notice',
    group: 'Visitors',
    about:
      '`notice` says what is stored; `required` stores nothing before the visitor agrees, and never with `Sec-GPC: 1`.',
  },
  SESSION_BACKEND: {
    schema: z.enum(['filesystem', 'redis']),
    default: 'filesystem',
    group: 'Storage',
    about: '`filesystem` (one SQLite file in `DATA_DIR`) or `redis`.',
  },
  DATA_DIR: {
    schema: z.string(),
    default: 'data',
    group: 'Storage',
    about: 'Made with mode 0700, its files 0600.',
  },
  REDIS_URL: {
    schema: redisUrl,
    default: 'redis://localhost:6379/0',
    secret: true,
    group: 'Storage',
    about:
      '`redis://`, `rediss://`, `redis+sentinel://h1:26379,h2:26379/mymaster/0` or `redis+cluster://h1:7000,h2:7001`.',
  },
  REDIS_PREFIX: {
    schema: z
      .string()
      .regex(
        /^[A-Za-z0-9_.-]{1,40}:$/,
        'must be letters, digits, `_`, `.` or `-`, and one colon at its end, like `desk2:`',
      ),
    default: 'gatehouse:',
    group: 'Storage',
    about:
      'What every key of this deployment begins with. Another deployment in the same database of Redis needs another one.',
  },
  AUDIT_LOG_FILE: {
    schema: z.string(),
    default: 'logs/cookie_audit.log',
    group: 'Record',
    about: 'The record as JSON lines, beside the one in the store; `off` for none.',
  },
  AUDIT_RETENTION_DAYS: {
    schema: days,
    default: '365',
    group: 'Record',
    about: 'How many days entries of the record are kept.',
  },
  PERSON_RETENTION_DAYS: {
    schema: wholeNumber(0, 3650),
    default: '400',
    group: 'Record',
    about: 'After how many days without a sign-in a person is erased; `0` never.',
  },
  AUDIT_KEY_FALLBACKS: {
    schema: list.pipe(
      z
        .array(z.string().regex(/^[\da-f]{64}$/, 'must be 64 hexadecimal digits'))
        .max(maxFallbacks, `holds more than ${maxFallbacks}; remove the last ones`),
    ),
    default: '',
    secret: true,
    group: 'Record',
    about:
      'Keys that sealed earlier entries of the record, to verify them after their `SECRET_KEY` is gone. `generate-secrets` keeps it.',
  },
  VAULT_PASSPHRASE: {
    schema: z
      .string()
      .refine(
        (text) => !isPlaceholder(text) && text.length >= 12,
        'is a placeholder or shorter than 12 characters; run `node generate-secrets.ts` to make one',
      ),
    secret: true,
    group: 'Vault',
    about: 'Opens the vault of outbound cookies; without one there is no vault.',
    example: '',
  },
  VAULT_TTL_DAYS: {
    schema: days,
    default: '14',
    group: 'Vault',
    about: 'After how many days cookies in the vault expire, where they do not say so themselves.',
  },
  VAULT_BIND_MACHINE: {
    schema: flag,
    default: 'true',
    group: 'Vault',
    about:
      'Whether the vault opens on this machine only. Stops a casual copy of the file, no more. Compose makes it `false`: a container has no id.',
  },
  CONFLUENCE_URL: {
    schema: z
      .url({ protocol: /^https?$/, message: 'must be a URL' })
      // It is shown on pages and links lead below it: an account in it would be seen, and never used.
      .refine(
        (text) => !/^[a-z]+:\/\/[^/]*@|[?#]/i.test(text),
        'must be an address alone, without an account, “?” or “#”; the account is CONFLUENCE_USERNAME',
      ),
    group: 'Confluence',
    about: 'Confluence to read from: `https://example.atlassian.net/wiki`, or a Data Center’s address.',
  },
  CONFLUENCE_USERNAME: {
    schema: z.string(),
    group: 'Confluence',
    about: 'The account of the API token (Cloud); empty: the token is a personal access token (Data Center).',
  },
  CONFLUENCE_API_TOKEN: {
    // A header takes no other letters; a dash that some editor made nicer is one.
    schema: z.string().regex(/^[\x21-\x7e]+$/, 'holds letters that no token has; copy it once more'),
    secret: true,
    group: 'Confluence',
    about: 'An API token or a personal access token; without one the cookies in the vault are used.',
  },
  CONFLUENCE_COOKIE_FILE: {
    schema: z.string(),
    default: 'cookies/confluence_cookies.txt',
    group: 'Confluence',
    about: 'The text file that cookies can be pasted into; it is emptied of them once they are in the vault.',
  },
  EXPORTS_DIR: {
    schema: z.string(),
    default: 'exports',
    group: 'Confluence',
    about: 'Where exported pages are written; made with mode 0700.',
  },
  CONFLUENCE_ALLOW_PRIVATE: {
    schema: flag,
    default: 'false',
    group: 'Confluence',
    about: 'Whether Confluence may be at a private address, or on plain http.',
  },
  HOST: {
    schema: host,
    default: '127.0.0.1',
    group: 'Running',
    about: 'The address that the app listens on.',
  },
  PORT: { schema: port, default: '3000', group: 'Running', about: 'Its port.' },
  OPS_PORT: {
    schema: port,
    default: '9464',
    group: 'Running',
    about: '`/livez`, `/readyz` and `/metrics`; never through the proxy.',
  },
  NOTIFY_WEBHOOK_URL: {
    schema: z.url({ protocol: /^https?$/, message: 'must be a URL' }),
    secret: true,
    group: 'Running',
    about:
      'Where notices go when somebody signs in on a new device or a replaced cookie is used again: JSON, or the form of Slack and ntfy.',
  },
  NOTIFY_WEBHOOK_SECRET: {
    schema: z.string(),
    secret: true,
    group: 'Running',
    about: 'Signs them: `X-Gatehouse-Signature: t=TIME,v1=HMAC-SHA256 of TIME.BODY`.',
  },
  DEV_MODE: {
    schema: flag,
    default: 'false',
    group: 'Running',
    about:
      'No gate: everyone is `dev@localhost`, an operator. Only on loopback and never with `NODE_ENV=production`.',
  },
  RATE_LIMIT: {
    schema: z.enum(['on', 'off']),
    default: 'on',
    group: 'Running',
    about: '`off` only for measuring.',
  },
  LOG_LEVEL: {
    schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
    default: 'info',
    group: 'Running',
    about: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`; JSON lines on standard output.',
  },
  COMPOSE_PROFILES: {
    schema: z.string(),
    group: 'Docker Compose',
    about: '`redis` keeps sessions of the app and of oauth2-proxy in Redis; empty for SQLite and cookies.',
    example: 'redis',
  },
  GATE_PORT: {
    schema: port,
    default: '4180',
    group: 'Docker Compose',
    about: 'The port on this machine’s loopback that the gate is reached at.',
  },
  REDIS_PASSWORD: {
    schema: z.string(),
    secret: true,
    group: 'Docker Compose',
    about: 'The password of the Redis that `docker compose` starts: 32 characters or more.',
    example: 'changeme',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settings;

type HasValue<S> = S extends { default: string } | { required: true } ? true : false;

/** Every setting's parsed value; undefined only where the table names neither a default nor `required`. */
export type SettingValues = {
  readonly [N in SettingName]: HasValue<(typeof settings)[N]> extends true
    ? z.output<(typeof settings)[N]['schema']>
    : z.output<(typeof settings)[N]['schema']> | undefined;
};

export const settingNames = Object.keys(settings) as SettingName[];

/** The row of a setting, with the optional columns that its literal type leaves out. */
export function settingOf(name: SettingName): Setting {
  return settings[name];
}
