// Rate limits: by network before anything is known about a request, and by person after oauth2-proxy has named one, so that nobody can
// lock out somebody else.
import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, type Options, type RateLimitInfo, rateLimit } from 'express-rate-limit';
import { sendProblem } from './errors.ts';
import type { Logger } from './log.ts';
import type { RateCounters } from './rate-counters.ts';

/**
 * Requests per minute. `changes` counts what writes: every method other than a read, and a GET that creates a session
 * (`allowances.ts`).
 */
export const limits = { network: 1200, person: 600, changes: 60 } as const;

export const limitWindowMs = 60_000;

export type LimitName = keyof typeof limits;

export interface RateLimits {
  readonly enabled: boolean;
  readonly counters: RateCounters;
  /** Requests per minute; absent: `limits`. */
  readonly perMinute?: Readonly<Record<LimitName, number>> | undefined;
  readonly logger?: Logger;
}

/** Creates the limiter `name`. */
export function limitRate(
  name: LimitName,
  { enabled, counters, perMinute = limits, logger }: RateLimits,
  key: (req: Request) => string,
): RequestHandler {
  if (!enabled) return (_req, _res, next) => next();
  const options: Partial<Options> = {
    windowMs: limitWindowMs,
    limit: perMinute[name],
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
    store: counters(name, limitWindowMs),
    // Without a logger the library writes to the console: not JSON, and with messages that quote input.
    ...(logger && { logger }),
  };
  const count = rateLimit(options);
  if (name !== 'changes') return count;
  return (req, res, next) => (req.method === 'GET' || req.method === 'HEAD' ? next() : count(req, res, next));
}

/** The client's network: the address, or the /56 that one IPv6 customer holds. */
export function networkKeyOf(req: Request): string {
  return ipKeyGenerator(req.ip ?? '', 56);
}
