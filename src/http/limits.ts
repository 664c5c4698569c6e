// Rate limits: by network before anything is known, by person once the gate has named one, so nobody can lock another out.
import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, type Options, type RateLimitInfo, rateLimit, type Store } from 'express-rate-limit';
import { type RedisReply, RedisStore } from 'rate-limit-redis';
import { sendProblem } from './errors.ts';
import type { Logger } from './log.ts';

/** Requests a minute. `changes` counts what is not a read. */
export const limits = { network: 1200, person: 600, changes: 60 } as const;

const windowMs = 60_000;

export type LimitName = keyof typeof limits;

/** What of Redis the shared counters need. */
export interface RateLimitRedis {
  /** `ready` where commands are answered. */
  readonly status: string;
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** Makes the limiter `name`; counters are shared through `redis`, or kept in this process without. */
export function limitRate(
  name: LimitName,
  enabled: boolean,
  redis: RateLimitRedis | undefined,
  key: (req: Request) => string,
  logger?: Logger,
): RequestHandler {
  if (!enabled) return (_req, _res, next) => next();
  const options: Partial<Options> = {
    windowMs,
    limit: limits[name],
    identifier: name,
    standardHeaders: false,
    legacyHeaders: false,
    keyGenerator: (req) => key(req),
    // Without its counters the store is down as well, and the request ends with 503 where it matters.
    passOnStoreError: true,
    handler: (req, res) => {
      const resetAt = (req as { rateLimit?: RateLimitInfo }).rateLimit?.resetTime?.getTime();
      const waitS = resetAt === undefined ? 60 : Math.max(1, Math.ceil((resetAt - Date.now()) / 1000));
      res.setHeader('Retry-After', waitS);
      sendProblem(req, res, 'too_many_requests');
    },
    store: redis ? redisCounters(redis, name) : processCounters(),
    // Without one it writes to the console: no JSON, and with messages that quote.
    ...(logger && { logger }),
  };
  const count = rateLimit(options);
  if (name !== 'changes') return count;
  return (req, res, next) => (req.method === 'GET' || req.method === 'HEAD' ? next() : count(req, res, next));
}

/** The client's network: the address, or the /56 that one IPv6 customer holds. */
export function networkOf(req: Request): string {
  return ipKeyGenerator(req.ip ?? '', 56);
}

/** Of this process. By a clock that nobody sets: the library's own would hold people up until a clock that was set back has caught up. */
function processCounters(): Store {
  const counts = new Map<string, { hits: number; readonly overAt: number }>();
  let sweptAt = performance.now();
  return {
    localKeys: true,
    async increment(key) {
      const at = performance.now();
      if (at - sweptAt > windowMs) {
        sweptAt = at;
        for (const [old, { overAt }] of counts) if (overAt <= at) counts.delete(old);
      }
      const before = counts.get(key);
      const count = before && before.overAt > at ? before : { hits: 0, overAt: at + windowMs };
      count.hits++;
      counts.set(key, count);
      return { totalHits: count.hits, resetTime: new Date(Date.now() + count.overAt - at) };
    },
    async decrement(key) {
      const count = counts.get(key);
      if (count && count.hits > 0) count.hits--;
    },
    async resetKey(key) {
      counts.delete(key);
    },
  };
}

/** The digest of no script: Redis answers it with NOSCRIPT, and rate-limit-redis then loads the real one. */
const noScript = '0'.repeat(40);

function redisCounters(redis: RateLimitRedis, name: string): Store {
  return new RedisStore({
    prefix: `gatehouse:rate:${name}:`,
    sendCommand: async (command: string, ...args: string[]) => {
      // In an outage nobody waits for each counter in turn; the session itself is waited for.
      if (redis.status !== 'ready' && command !== 'SCRIPT') throw new Error('the counters are not connected');
      const reply = redis.call(command, ...args) as Promise<RedisReply>;
      // It would keep a failure to load for good: whoever started during an outage would never limit anyone.
      return command === 'SCRIPT' ? reply.catch(() => noScript) : reply;
    },
  });
}
