// Settings of the groups “Sessions” and “Visitors”: how long they last, and the app's two own cookies.
import { z } from 'zod';
import { cookieName, days, duration, flag, wholeNumber } from '../schemas.ts';
import type { SettingRows } from '../setting.ts';

const lifetime = duration.refine((ms) => ms >= 1000, 'must be at least one second');
const sameSite = z
  .string()
  .transform((text) => text.toLowerCase())
  .pipe(z.enum(['strict', 'lax', 'none']));

export const sessions = {
  PERMANENT_SESSION_LIFETIME: {
    schema: lifetime,
    default: '604800',
    about: 'Absolute lifetime of a session, in seconds or as `168h`.',
  },
  SESSION_IDLE_TIMEOUT: {
    schema: lifetime,
    default: '86400',
    about: 'A session without a request for this long ends.',
  },
  SESSION_ROTATE_AFTER: {
    schema: duration,
    default: '900',
    about: 'Age at which a session’s id is replaced; `0` for only at sign-in.',
  },
  SESSION_MAX_PER_USER: {
    schema: wholeNumber(0, 1000),
    default: '10',
    about: 'Sessions that one person may have; the one used longest ago is signed out. `0` for no limit.',
  },
  SESSION_BINDING: {
    schema: z.enum(['off', 'observe', 'enforce']),
    default: 'observe',
    about:
      'What happens when the browser, system or network of a session changes: `off` nothing, `observe` an entry in the record, `enforce` the session ends.',
  },
  SESSION_COOKIE_NAME: {
    schema: cookieName,
    default: 'session',
    about: 'The name of the session cookie, without prefix.',
  },
  SESSION_COOKIE_SECURE: {
    schema: flag,
    defaultNote: '`true` when `PUBLIC_URL` is https',
    about: 'Send the app’s two cookies over https only.',
  },
  SESSION_COOKIE_HTTPONLY: {
    schema: flag,
    default: 'true',
    about: 'Hide the app’s two cookies from scripts.',
  },
  SESSION_COOKIE_SAMESITE: {
    schema: sameSite,
    default: 'Lax',
    about: '`Strict`, `Lax`, or `None` (only with Secure).',
  },
  COOKIE_PREFIX: {
    schema: z.enum(['__Host-Http-', '__Host-', '__Secure-', 'none']),
    defaultNote: '`__Host-` when secure, else empty',
    about:
      'Put before the names of the app’s two cookies; `none` for no prefix. `__Host-Http-` also proves that no script set the cookie, in browsers that support it.',
  },
} as const satisfies SettingRows;

export const visitors = {
  VISITOR_SESSION_TTL_DAYS: {
    schema: days,
    default: '7',
    about: 'How many days the visitor cookie and a visitor’s choices are kept.',
  },
  VISITOR_CONSENT: {
    schema: z.enum(['notice', 'required']),
    default: 'notice',
    about:
      '`notice` says what is stored; `required` stores nothing before the visitor agrees, and never with `Sec-GPC: 1`.',
  },
} as const satisfies SettingRows;
