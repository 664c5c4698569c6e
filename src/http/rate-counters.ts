// Counts recent requests, in Redis so that replicas share the counts, or in this process.
import type { Store } from 'express-rate-limit';
import { type RedisReply, RedisStore } from 'rate-limit-redis';

/** The part of Redis that the shared counters need. */
export interface RateLimitRedis {
  /** `ready` if commands are answered. */
  readonly status: string;
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** Counters that answer without waiting. */
export interface ImmediateCounters extends Store {
  /** How many were counted for `key` in its window, as far as this process knows. */
  count(key: string): number;
  /** Counts one more. @returns the number with it */
  take(key: string): number;
}

export interface RateCounters {
  /**
   * For what may be written: counted in Redis each time, so that replicas never exceed the limit together. Callers that use the same
   * name share the counts. @param windowMs how long a count lasts
   */
  exact(name: string, windowMs: number): Store;
  /**
   * For requests: counted in this process. Once a second, replicas add what they counted in Redis and learn the sum, so the limit can be
   * exceeded only by what other replicas accept from the same client within that second.
   */
  immediate(name: string, windowMs: number): ImmediateCounters;
}

/** How often the counts of this process are added in Redis, in milliseconds. */
export const exchangeEveryMs = 1_000;

/** @param prefix of every key in Redis */
export function createRateCounters(redis: RateLimitRedis | undefined, prefix = 'gatehouse:'): RateCounters {
  const keysOf = (name: string) => `${prefix}rate:${name}:`;
  const own = new Map<string, ImmediateCounters>();
  const inProcess = (name: string, windowMs: number, exchange?: Exchange): ImmediateCounters => {
    const store = own.get(name) ?? processCounters(windowMs, exchange);
    own.set(name, store);
    // express-rate-limit reports an error if the same object is used twice.
    return { ...store };
  };
  return {
    exact: (name, windowMs) => (redis ? redisCounters(redis, keysOf(name)) : inProcess(name, windowMs)),
    immediate: (name, windowMs) =>
      inProcess(name, windowMs, redis && exchangeWith(redis, keysOf(name), windowMs)),
  };
}

/** What one process counted for a key. */
interface Count {
  hits: number;
  /** Of `hits`, those that Redis has not been told of. */
  unsent: number;
  /** By the monotonic clock. */
  overAt: number;
}

/** What Redis has counted for a key, and how many milliseconds are left of its window. */
interface Shared {
  readonly hits: number;
  readonly leftMs: number;
}

interface Exchange {
  /** Adds `hits`. @returns what all replicas have counted */
  add(key: string, hits: number): Promise<Shared>;
  remove(key: string): Promise<unknown>;
}

/** For this process. Uses a monotonic clock: the library's own would block people until a clock that was set back has caught up. */
function processCounters(windowMs: number, exchange?: Exchange): ImmediateCounters {
  const counts = new Map<string, Count>();
  const unsent = new Set<string>();
  let isDue = false;
  let sweptAt = performance.now();

  async function send(key: string): Promise<void> {
    const count = counts.get(key);
    if (!exchange || !count || count.overAt <= performance.now()) return;
    const sent = count.unsent;
    count.unsent = 0;
    try {
      const shared = await exchange.add(key, sent);
      if (counts.get(key) !== count) return;
      count.hits = shared.hits + count.unsent;
      count.overAt = performance.now() + shared.leftMs;
    } catch {
      // Redis does not answer: this process goes on with its own counts.
      count.unsent += sent;
      if (counts.get(key) === count) unsent.add(key);
    }
  }

  function exchangeSoon(): void {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      const keys = [...unsent];
      unsent.clear();
      void Promise.all(keys.map(send)).then(() => {
        if (unsent.size > 0) exchangeSoon();
      });
    }, exchangeEveryMs).unref();
  }

  function take(key: string): Count {
    const at = performance.now();
    if (at - sweptAt > windowMs) {
      sweptAt = at;
      for (const [old, { overAt }] of counts) if (overAt <= at) counts.delete(old);
    }
    let count = counts.get(key);
    if (!count || count.overAt <= at) {
      count = { hits: 0, unsent: 0, overAt: at + windowMs };
      counts.set(key, count);
    }
    count.hits++;
    if (exchange) {
      count.unsent++;
      unsent.add(key);
      exchangeSoon();
    }
    return count;
  }

  const infoOf = ({ hits, overAt }: Count) => ({
    totalHits: hits,
    resetTime: new Date(Date.now() + overAt - performance.now()),
  });
  const current = (key: string) => {
    const count = counts.get(key);
    return count && count.overAt > performance.now() ? count : undefined;
  };

  return {
    localKeys: exchange === undefined,
    count: (key) => current(key)?.hits ?? 0,
    take: (key) => take(key).hits,
    async get(key) {
      const count = current(key);
      return count && infoOf(count);
    },
    increment: async (key) => infoOf(take(key)),
    async decrement(key) {
      const count = counts.get(key);
      if (count && count.hits > 0) count.hits--;
    },
    async resetKey(key) {
      counts.delete(key);
      unsent.delete(key);
      await exchange?.remove(key);
    },
  };
}

/** KEYS: the count. ARGV: what to add, and the length of a window that begins now. */
const addHits = `
  local left = redis.call('PTTL', KEYS[1])
  if left <= 0 then
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
    return {tonumber(ARGV[1]), tonumber(ARGV[2])}
  end
  local hits = tonumber(redis.call('GET', KEYS[1])) + ARGV[1]
  redis.call('SET', KEYS[1], hits, 'KEEPTTL')
  return {hits, left}`;

function exchangeWith(redis: RateLimitRedis, prefix: string, windowMs: number): Exchange {
  return {
    async add(key, hits) {
      if (redis.status !== 'ready') throw new Error('the counters are not connected');
      const reply = await redis.call('EVAL', addHits, '1', prefix + key, String(hits), String(windowMs));
      const [total = 0, leftMs = 0] = (reply as unknown[]).map(Number);
      return { hits: total, leftMs };
    },
    remove: (key) => redis.call('DEL', prefix + key),
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
