// Counts of what was asked lately, in Redis so that replicas count together, or in this process.
import type { Store } from 'express-rate-limit';
import { type RedisReply, RedisStore } from 'rate-limit-redis';

/** What of Redis the shared counters need. */
export interface RateLimitRedis {
  /** `ready` where commands are answered. */
  readonly status: string;
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** Gives the counters called `name`; whoever asks for the same name counts together. @param windowMs for how long a count goes on */
export type RateCounters = (name: string, windowMs: number) => Store;

/** @param prefix what every key in Redis begins with */
export function createRateCounters(redis: RateLimitRedis | undefined, prefix = 'gatehouse:'): RateCounters {
  if (redis) return (name) => redisCounters(redis, `${prefix}rate:${name}:`);
  const own = new Map<string, Store>();
  return (name, windowMs) => {
    const store = own.get(name) ?? processCounters(windowMs);
    own.set(name, store);
    // express-rate-limit takes the same object twice for a mistake.
    return { ...store };
  };
}

/** Of this process. By a clock that nobody sets: the library's own would hold people up until a clock that was set back has caught up. */
function processCounters(windowMs: number): Store {
  const counts = new Map<string, { hits: number; readonly overAt: number }>();
  let sweptAt = performance.now();
  return {
    localKeys: true,
    async get(key) {
      const count = counts.get(key);
      const leftMs = (count?.overAt ?? 0) - performance.now();
      if (!count || leftMs <= 0) return undefined;
      return { totalHits: count.hits, resetTime: new Date(Date.now() + leftMs) };
    },
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

function redisCounters(redis: RateLimitRedis, prefix: string): Store {
  return new RedisStore({
    prefix,
    sendCommand: async (command: string, ...args: string[]) => {
      // In an outage nobody waits for each counter in turn; the session itself is waited for.
      if (redis.status !== 'ready' && command !== 'SCRIPT') throw new Error('the counters are not connected');
      const reply = redis.call(command, ...args) as Promise<RedisReply>;
      // It would keep a failure to load for good: whoever started during an outage would never limit anyone.
      return command === 'SCRIPT' ? reply.catch(() => noScript) : reply;
    },
  });
}
