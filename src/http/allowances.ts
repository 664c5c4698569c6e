// What one person or network may make the store keep. Counted where something is written, since a GET can write as well: the
// limits a minute bound how much is asked, these bound what is left behind for days.
import type { Request, RequestHandler } from 'express';
import type { Store } from 'express-rate-limit';
import { sendProblem } from './errors.ts';
import { type LimitName, limits, limitWindowMs, type RateLimits } from './limits.ts';

const hourMs = 3_600_000;

export const allowances = {
  /** Shared with the limit of that name: whatever writes is counted together. */
  changes: { most: limits.changes, windowMs: limitWindowMs },
  /** New sessions of one sign-in at the gate. A browser whose session cookie was lost begins a new one; one that keeps no cookies, with every page. */
  'browser-sign-ins': { most: 30, windowMs: hourMs },
  /** New sessions of one person, on however many browsers: each further one costs a sign-in at the provider. */
  'sign-ins': { most: 120, windowMs: hourMs },
  /** Changes of browser, system or network that are written down for one person. */
  moves: { most: 60, windowMs: hourMs },
  /** Copies of the record or of what is kept about a person, each of which is recorded. */
  copies: { most: 30, windowMs: hourMs },
  /** Visitors of one network, an office's perhaps, whose choice is kept. */
  visitors: { most: 600, windowMs: hourMs },
} as const;

export type AllowanceName = keyof typeof allowances;

/** Counted by a person's own id, limits a minute among them: forgotten with the person. */
const byPerson = ['person', 'changes', 'sign-ins', 'moves', 'copies'] as const satisfies readonly (
  | AllowanceName
  | LimitName
)[];

export interface Allowances {
  /** Whether there is something left; takes nothing. */
  hasRoom(name: AllowanceName, key: string): Promise<boolean>;
  /** Takes one. @returns false where nothing was left */
  take(name: AllowanceName, key: string): Promise<boolean>;
  /** Seconds until there is room again, at least 1. */
  waitS(name: AllowanceName, key: string): Promise<number>;
  /** Nothing is counted of these people any more. @throws where the counters cannot be reached */
  forget(personIds: readonly string[]): Promise<void>;
}

/** Where the counters do not answer there is room: the store itself refuses then. */
export function createAllowances({ enabled, counters }: RateLimits): Allowances {
  const stores = new Map<AllowanceName, Store>();
  const storeOf = (name: AllowanceName) => {
    const { most: limit, windowMs } = allowances[name];
    const known = stores.get(name);
    if (known) return known;
    const store = counters(name, windowMs);
    // Of what the library hands over, its stores read the window alone.
    const options = { windowMs, limit } as Parameters<NonNullable<Store['init']>>[0];
    // What it loads beforehand it loads again when it is needed.
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
  // rate-limit-redis makes NaN of a key that is not there.
  const usedAfter = async (...asked: Parameters<typeof look>) => (await look(...asked))?.totalHits || 0;
  return {
    hasRoom: async (name, key) => (await usedAfter(name, 'get', key)) < allowances[name].most,
    take: async (name, key) => (await usedAfter(name, 'increment', key)) <= allowances[name].most,
    async waitS(name, key) {
      const resetAt = (await look(name, 'get', key))?.resetTime?.getTime() ?? 0;
      return Math.max(1, Math.ceil((resetAt - Date.now()) / 1000));
    },
    async forget(personIds) {
      if (!enabled) return;
      for (const name of byPerson) {
        const store = name === 'person' ? counters(name, limitWindowMs) : storeOf(name);
        for (const id of personIds) await store.resetKey(id);
      }
    },
  };
}

/** Before what is no change but is recorded each time: as many as the allowance of that name has. */
export function limitCopies(allow: Allowances, key: (req: Request) => string): RequestHandler {
  return async (req, res, next) => {
    if (await allow.take('copies', key(req))) return next();
    res.setHeader('Retry-After', await allow.waitS('copies', key(req)));
    sendProblem(req, res, 'too_many_requests');
  };
}
