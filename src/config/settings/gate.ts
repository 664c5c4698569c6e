// Settings of the group “Gate”: oauth2-proxy, its cookie, its sessions and who gets in.
import { z } from 'zod';
import { redisUrl } from '../redis-url.ts';
import { cookieName, duration, httpUrl, list, wholeNumber } from '../schemas.ts';
import type { SettingRows } from '../setting.ts';

// oauth2-proxy reads these variables from the same file, with Go's parsers: these schemas refuse a value that would stop it from starting.
const goFlag = z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'] });
const goSameSite = z.enum(['strict', 'lax', 'none'], 'must be `strict`, `lax` or `none`, in lower case');
const goDuration = z
  .string()
  .regex(/^0$|[a-z]$/, 'must have a unit, like `168h`: oauth2-proxy does not take plain seconds')
  .pipe(duration);

export const gate = {
  OAUTH2_PROXY_CLIENT_ID: {
    schema: z.string(),
    default: '',
    about: 'From Google: APIs & Services, Credentials, OAuth client ID (web application).',
    example: '',
  },
  OAUTH2_PROXY_CLIENT_SECRET: {
    schema: z.string(),
    default: '',
    secret: true,
    about: 'Its secret. The redirect URI to enter there is `PUBLIC_URL` + `/oauth2/callback`.',
    example: '',
  },
  OAUTH2_PROXY_COOKIE_SECRET: {
    schema: z.string(),
    default: '',
    secret: true,
    about:
      'Signs and seals oauth2-proxy’s own cookie: exactly 32 bytes as base64url. Changing it sends everyone to Google again.',
    example: 'changeme',
  },
  OAUTH2_PROXY_COOKIE_EXPIRE: {
    schema: goDuration.refine((ms) => ms >= 1000, 'must be at least one second'),
    default: '168h',
    about: 'How long oauth2-proxy’s session lives.',
    example: '168h',
  },
  OAUTH2_PROXY_COOKIE_REFRESH: {
    schema: goDuration,
    default: '24h',
    about:
      'How often oauth2-proxy checks the session with Google again; must be less than its expiry; `0` for never.',
    example: '24h',
  },
  OAUTH2_PROXY_COOKIE_SECURE: {
    schema: goFlag,
    defaultNote: '`true` when `PUBLIC_URL` is https',
    about: 'Whether oauth2-proxy’s cookie is sent over https only.',
  },
  OAUTH2_PROXY_COOKIE_SAMESITE: {
    schema: goSameSite,
    default: 'lax',
    about: 'SameSite of oauth2-proxy’s cookie.',
  },
  OAUTH2_PROXY_LOGIN_URL: {
    schema: httpUrl,
    default: 'https://accounts.google.com/o/oauth2/auth',
    about: 'Where oauth2-proxy sends people to sign in; the app allows forms to be redirected there.',
  },
  GATE_SESSION_STORE: {
    schema: z.enum(['cookie', 'redis']),
    defaultNote: '`redis` with `SESSION_BACKEND=redis`, else `cookie`',
    about:
      'Where oauth2-proxy keeps its sessions (its `session_store_type`). With `redis`, ending a session also ends it at the gate.',
  },
  GATE_REDIS_URL: {
    schema: redisUrl,
    defaultNote: 'that of `REDIS_URL`',
    secret: true,
    about: 'The Redis that holds oauth2-proxy’s sessions, in the same format as `REDIS_URL`.',
  },
  GATE_GOVERNOR: {
    schema: z.enum(['off', 'dry-run', 'on']),
    default: 'off',
    about:
      '`on` ends sessions at the gate that exceed the three limits below (`GATE_SESSION_STORE=redis`); `dry-run` only reports them; `off`.',
  },
  GATE_MAX_AGE: {
    schema: duration,
    default: '0',
    about: 'How long a session at the gate may last, refreshed or not; `0` for no limit.',
  },
  GATE_MAX_IDLE: {
    schema: duration,
    default: '0',
    about: 'How long it may stay unused; `0` for no limit.',
  },
  GATE_MAX_SESSIONS: {
    schema: wholeNumber(0, 1000),
    default: '0',
    about: 'How many sessions at the gate a person may have; the oldest are ended first; `0` for no limit.',
  },
  GATE_COOKIE_NAME: {
    schema: cookieName,
    defaultNote: '`__Host-_oauth2_proxy` when secure, else `_oauth2_proxy`',
    about: 'The name of oauth2-proxy’s cookie (its `cookie_name`).',
  },
  OAUTH2_PROXY_EMAIL_DOMAINS: {
    schema: list,
    default: '',
    about:
      'Domains whose addresses all get in, in addition to the allow-list; the access page warns about them.',
  },
  EMAILS_FILE: {
    schema: z.string(),
    default: 'access/emails.txt',
    about: 'oauth2-proxy’s allow-list: one address per line. Nobody else gets in.',
  },
  TRUSTED_HOPS: {
    schema: wholeNumber(1, 5),
    defaultNote: '`2` with `FUNNEL_HOSTNAME`, else `1`',
    about:
      'Proxies between browsers and the app: `1` is oauth2-proxy alone, `2` with Caddy, nginx or Funnel in front of it. Decides which address counts as the client’s.',
  },
} as const satisfies SettingRows;
