// Rate limits: by network before anything is known, by person once the gate has named one, so nobody can lock another out.
import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, type Options, type RateLimitInfo, rateLimit, type Store } from 'express-rate-limit';
import { type RedisReply, RedisStore } from 'rate-limit-redis';
import { sendProblem } from './errors.ts';

/** Requests a minute. `changes` counts what is not a read. */
export const limits = { network: 1200, person: 600, changes: 60 } as const;

export type LimitName = keyof typeof limits;

/** What of Redis the shared counters need. */
export interface RateLimitRedis {
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** Makes the limiter `name`; counters are shared through `redis`, or kept in this process without. */
export function limitRate(
  name: LimitName,
  enabled: boolean,
  redis: RateLimitRedis | undefined,
  key: (req: Request) => string,
): RequestHandler {
  if (!enabled) return (_req, _res, next) => next();
  const options: Partial<Options> = {
    windowMs: 60_000,
    limit: limits[name],
    identifier: name,
    standardHeaders: false,
    legacyHeaders: false,
    keyGenerator: (req) => key(req),
    // Without its counters the store is down as well, and the request ends with 503 where it matters.
    passOnStoreError: true,
    skip: (req) => name === 'changes' && (req.method === 'GET' || req.method === 'HEAD'),
    handler: (req, res) => {
      const resetAt = (req as { rateLimit?: RateLimitInfo }).rateLimit?.resetTime?.getTime();
      const waitS = resetAt === undefined ? 60 : Math.max(1, Math.ceil((resetAt - Date.now()) / 1000));
      res.setHeader('Retry-After', waitS);
      sendProblem(req, res, 'too_many_requests');
    },
    ...(redis && { store: redisCounters(redis, name) }),
  };
  return rateLimit(options);
}

/** The client's network: the address, or the /56 that one IPv6 customer holds. */
export function networkOf(req: Request): string {
  return ipKeyGenerator(req.ip ?? '', 56);
}

function redisCounters(redis: RateLimitRedis, name: string): Store {
  return new RedisStore({
    prefix: `gatehouse:rate:${name}:`,
    sendCommand: (command: string, ...args: string[]) => redis.call(command, ...args) as Promise<RedisReply>,
  });
}
