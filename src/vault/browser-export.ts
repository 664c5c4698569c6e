// Cookies as browser extensions and tools export them: a JSON array. Only cookies that the browser would send to the host are kept.
import { isIP } from 'node:net';
import { z } from 'zod';
import type { PasteRefusal } from '../../views/vault-words.ts';
import type { Cookie } from './entry.ts';

const cookieSchema = z.object({
  name: z.string().min(1),
  value: z.string(),
  domain: z.string().min(1),
  hostOnly: z.boolean().nullish(),
  path: z.string().nullish(),
  secure: z.boolean().nullish(),
  httpOnly: z.boolean().nullish(),
  /**
   * In seconds. `expirationDate`: Chrome extensions; `expiry`: WebDriver; `expires`: Playwright and others, seconds or a date, -1 for
   * none.
   */
  expirationDate: z.number().nullish(),
  expiry: z.number().nullish(),
  expires: z.union([z.number(), z.string()]).nullish(),
});
type ExportedCookie = z.infer<typeof cookieSchema>;

export interface Exported {
  readonly cookies: readonly Cookie[];
  /**
   * Milliseconds: the earliest expiry of the sign-in cookies, or of all cookies if none is marked as one; undefined if none is known.
   */
  readonly expiresAt: number | undefined;
  /** How many were for other hosts or paths, or had expired. */
  readonly leftOut: number;
}

const maxCookies = 3000;

export function isExport(text: string): boolean {
  return /^\s*[[{]/.test(text);
}

export function readExport(text: string, target: URL, now: number): Exported | PasteRefusal {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { kind: 'export_unreadable' };
  }
  const list = Array.isArray(parsed) ? parsed : (parsed as { cookies?: unknown }).cookies;
  if (!Array.isArray(list) || list.length > maxCookies) return { kind: 'export_unreadable' };
  const all: ExportedCookie[] = [];
  for (const [i, item] of list.entries()) {
    const cookie = cookieSchema.safeParse(item);
    if (!cookie.success) return { kind: 'export_shape', position: i + 1 };
    all.push(cookie.data);
  }
  const here = all.filter((cookie) => isSentTo(cookie, target));
  if (here.length === 0) return { kind: all.length === 0 ? 'empty' : 'export_other_host' };
  const alive = here.filter((cookie) => (endOf(cookie) ?? Number.POSITIVE_INFINITY) > now);
  if (alive.length === 0) return { kind: 'export_expired' };
  // Sign-in cookies are out of reach of scripts; a short-lived counter cookie must not expire the whole entry.
  const guarded = alive.filter(({ httpOnly }) => httpOnly === true);
  const ends = (guarded.length > 0 ? guarded : alive).flatMap((cookie) => endOf(cookie) ?? []);
  return {
    cookies: alive.map(({ name, value }) => ({ name, value })),
    expiresAt: ends.length > 0 ? Math.min(...ends) : undefined,
    leftOut: all.length - alive.length,
  };
}

/** RFC 6265, sections 5.1.3, 5.1.4 and 5.4. */
function isSentTo({ domain, hostOnly, path, secure }: ExportedCookie, target: URL): boolean {
  const host = target.hostname;
  const name = domain.replace(/^\./, '').toLowerCase();
  const isForSubdomains = hostOnly === false || (hostOnly !== true && domain.startsWith('.'));
  const isHost = host === name || (isForSubdomains && isIP(host) === 0 && host.endsWith(`.${name}`));
  const isPath =
    !path || path === '/' || `${target.pathname}/`.startsWith(path.endsWith('/') ? path : `${path}/`);
  return isHost && isPath && (secure !== true || target.protocol === 'https:');
}

/** Milliseconds; undefined for a session cookie or if no expiry is given. */
function endOf({ expirationDate, expiry, expires }: ExportedCookie): number | undefined {
  const end = expirationDate ?? expiry ?? expires;
  if (typeof end === 'string') {
    const at = /^\d+(\.\d+)?$/.test(end) ? Number(end) * 1000 : Date.parse(end);
    return Number.isNaN(at) ? undefined : at;
  }
  if (end === undefined || end === null || end <= 0) return undefined;
  // Some exporters write milliseconds, which read as seconds would be past the year 5000.
  return end > 1e11 ? end : end * 1000;
}
