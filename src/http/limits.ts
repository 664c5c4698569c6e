// Rate limits: by network before anything is known about a request, and by person after oauth2-proxy has named one, so that nobody can
// lock out somebody else.
import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, type Options, type RateLimitInfo, rateLimit } from 'express-rate-limit';
import { sendProblem } from './errors.ts';
import type { Logger } from './log.ts';
import type { RateCounters } from './rate-counters.ts';

export const limitWindowMs = 60_000;

export type LimitName = 'network' | 'person' | 'changes' | 'guard' | 'guard-codes';

export interface RateLimits {
  readonly enabled: boolean;
  /**
   * Requests per minute. `guard` counts those of one person to all apps behind the guard, `guard-codes` the
   * sign-ins to apps from one network. `changes` counts what writes: every method other than a read, and a GET that creates a session
   * (`allowances.ts`).
   */
  readonly most: Readonly<Record<LimitName, number>>;
  readonly counters: RateCounters;
  readonly logger?: Logger;
}

/** A limit that can be asked without waiting, by the fast lane. */
export interface ImmediateLimit {
  /** Whether a request of `key` would be accepted; counts nothing. */
  hasRoom(key: string): boolean;
  /** Counts a request. @returns false if it exceeds the limit */
  take(key: string): boolean;
}

/** Creates the limiter `name`. */
export function limitRate(
  name: LimitName,
  { enabled, most, counters, logger }: RateLimits,
  key: (req: Request) => string,
): RequestHandler {
  if (!enabled) return (_req, _res, next) => next();
  const options: Partial<Options> = {
    windowMs: limitWindowMs,
    limit: most[name],
    identifier: name,
    standardHeaders: false,
    legacyHeaders: false,
    keyGenerator: (req) => key(req),
    // If the counters are unavailable the store is down as well, and the request gets a 503 where it matters.
    passOnStoreError: true,
    handler: (req, res) => {
      const resetAt = (req as { rateLimit?: RateLimitInfo }).rateLimit?.resetTime?.getTime();
      const waitS = resetAt === undefined ? 60 : Math.max(1, Math.ceil((resetAt - Date.now()) / 1000));
      res.setHeader('Retry-After', waitS);
      sendProblem(req, res, 'too_many_requests');
    },
    store: name === 'changes' ? counters.exact(name, limitWindowMs) : counters.immediate(name, limitWindowMs),
    // Without a logger the library writes to the console: not JSON, and with messages that quote input.
    ...(logger && { logger }),
  };
  const count = rateLimit(options);
  if (name !== 'changes') return count;
  return (req, res, next) => (req.method === 'GET' || req.method === 'HEAD' ? next() : count(req, res, next));
}

/** The same limit, and the same counts, as `limitRate` applies. */
export function immediateLimit(
  name: Exclude<LimitName, 'changes'>,
  { enabled, most, counters }: RateLimits,
): ImmediateLimit {
  if (!enabled) return { hasRoom: () => true, take: () => true };
  const counted = counters.immediate(name, limitWindowMs);
  return {
    hasRoom: (key) => counted.count(key) < most[name],
    take: (key) => counted.take(key) <= most[name],
  };
}

/** The client's network: the address, or the /56 that one IPv6 customer holds. */
export function networkKeyOf(req: Request): string {
  return networkKey(req.ip ?? '');
}

const networkKeys = new Map<string, string>();
const networkKeysAtMost = 2_000;

/** @param ip an IPv4 or IPv6 address; the library's parser of the latter costs more than the rest of a limit, so it is kept */
export function networkKey(ip: string): string {
  if (!ip.includes(':')) return ip;
  let key = networkKeys.get(ip);
  if (key === undefined) {
    key = ipKeyGenerator(ip, 56);
    if (networkKeys.size >= networkKeysAtMost) networkKeys.clear();
    networkKeys.set(ip, key);
  }
  return key;
}
