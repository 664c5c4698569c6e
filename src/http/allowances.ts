// Limits how much one person or network may make the store keep. Counted where something is written, because a GET can write as well: rate
// limits bound the number of requests, these bound what is stored for days.
import type { Request, RequestHandler } from 'express';
import type { Store } from 'express-rate-limit';
import { sendProblem } from './errors.ts';
import { type LimitName, limitWindowMs, type RateLimits } from './limits.ts';

const hourMs = 3_600_000;

/** Besides these, `changes` is shared with the rate limit of that name: everything that writes is counted together. */
export const allowances = {
  /**
   * New sessions per sign-in at the gate. A browser that lost its session cookie creates a new one; a browser that keeps no cookies
   * creates one with every page.
   */
  'browser-sign-ins': { most: 30, windowMs: hourMs },
  /** New sessions per person, on however many browsers: each additional browser costs a sign-in at the provider. */
  'sign-ins': { most: 120, windowMs: hourMs },
  /** Changes of browser, system or network that are recorded for one person. */
  moves: { most: 60, windowMs: hourMs },
  /** Copies of the record or of a person's data; each is recorded. */
  copies: { most: 30, windowMs: hourMs },
  /** Visitors per network, which may be an office, whose choice is stored. */
  visitors: { most: 600, windowMs: hourMs },
} as const;

export type AllowanceName = keyof typeof allowances | 'changes';

/** Counted by a person's id, including the rate limits: deleted with the person. */
const byPerson = ['person', 'guard', 'changes', 'sign-ins', 'moves', 'copies'] as const satisfies readonly (
  | AllowanceName
  | LimitName
)[];

export interface Allowances {
  /** Whether something is left; takes nothing. */
  hasRoom(name: AllowanceName, key: string): Promise<boolean>;
  /** Takes one. @returns false if nothing was left */
  take(name: AllowanceName, key: string): Promise<boolean>;
  /** Seconds until something is available again, at least 1. */
  waitS(name: AllowanceName, key: string): Promise<number>;
  /** Deletes all counts of these people. @throws if the counters cannot be reached */
  forget(personIds: readonly string[]): Promise<void>;
}

/** If the counters do not answer, everything is allowed: the store itself refuses then. */
export function createAllowances({ enabled, most, counters }: RateLimits): Allowances {
  const stores = new Map<AllowanceName, Store>();
  const allowanceOf = (name: AllowanceName) =>
    name === 'changes' ? { most: most.changes, windowMs: limitWindowMs } : allowances[name];
  const storeOf = (name: AllowanceName) => {
    const { most: limit, windowMs } = allowanceOf(name);
    const known = stores.get(name);
    if (known) return known;
    const store = counters.exact(name, windowMs);
    // Of everything that the library passes in, its stores only read the window.
    const options = { windowMs, limit } as Parameters<NonNullable<Store['init']>>[0];
    // What it loads in advance it loads again when it is needed.
    Promise.resolve(store.init?.(options)).catch(() => undefined);
    stores.set(name, store);
    return store;
  };
  const look = async (name: AllowanceName, what: 'get' | 'increment', key: string) => {
    if (!enabled) return undefined;
    try {
      return await storeOf(name)[what]?.(key);
    } catch {
      return undefined;
    }
  };
  // rate-limit-redis turns a missing key into NaN.
  const usedAfter = async (...asked: Parameters<typeof look>) => (await look(...asked))?.totalHits || 0;
  return {
    hasRoom: async (name, key) => (await usedAfter(name, 'get', key)) < allowanceOf(name).most,
    take: async (name, key) => (await usedAfter(name, 'increment', key)) <= allowanceOf(name).most,
    async waitS(name, key) {
      const resetAt = (await look(name, 'get', key))?.resetTime?.getTime() ?? 0;
      return Math.max(1, Math.ceil((resetAt - Date.now()) / 1000));
    },
    async forget(personIds) {
      if (!enabled) return;
      for (const name of byPerson) {
        const store =
          name === 'person' || name === 'guard' ? counters.immediate(name, limitWindowMs) : storeOf(name);
        for (const id of personIds) await store.resetKey(id);
      }
    },
  };
}

/** For requests that are not changes but are recorded each time: limited by the allowance of that name. */
export function limitCopies(allow: Allowances, key: (req: Request) => string): RequestHandler {
  return async (req, res, next) => {
    if (await allow.take('copies', key(req))) return next();
    res.setHeader('Retry-After', await allow.waitS('copies', key(req)));
    sendProblem(req, res, 'too_many_requests');
  };
}
