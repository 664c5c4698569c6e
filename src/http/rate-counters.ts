// Counts recent requests, in Redis so that replicas share the counts, or in this process.
import type { Store } from 'express-rate-limit';
import { type RedisReply, RedisStore } from 'rate-limit-redis';

/** The part of Redis that the shared counters need. */
export interface RateLimitRedis {
  /** `ready` if commands are answered. */
  readonly status: string;
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** Returns the counters called `name`; callers that use the same name share them. @param windowMs how long a count lasts */
export type RateCounters = (name: string, windowMs: number) => Store;

/** @param prefix of every key in Redis */
export function createRateCounters(redis: RateLimitRedis | undefined, prefix = 'gatehouse:'): RateCounters {
  if (redis) return (name) => redisCounters(redis, `${prefix}rate:${name}:`);
  const own = new Map<string, Store>();
  return (name, windowMs) => {
    const store = own.get(name) ?? processCounters(windowMs);
    own.set(name, store);
    // express-rate-limit reports an error if the same object is used twice.
    return { ...store };
  };
}

/** For this process. Uses a monotonic clock: the library's own would block people until a clock that was set back has caught up. */
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

/** The digest of no script: Redis answers NOSCRIPT, and rate-limit-redis then loads the real one. */
const noScript = '0'.repeat(40);

function redisCounters(redis: RateLimitRedis, prefix: string): Store {
  return new RedisStore({
    prefix,
    sendCommand: async (command: string, ...args: string[]) => {
      // In an outage, requests do not wait for each counter in turn; they wait for the session.
      if (redis.status !== 'ready' && command !== 'SCRIPT') throw new Error('the counters are not connected');
      const reply = redis.call(command, ...args) as Promise<RedisReply>;
      // Otherwise it would keep a failed load forever, and a process started during an outage would never limit anyone.
      return command === 'SCRIPT' ? reply.catch(() => noScript) : reply;
    },
  });
}
