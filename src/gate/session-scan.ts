// All live sessions at oauth2-proxy, including those of people who never opened the dashboard. Reading changes nothing in Redis.
import type { Logger } from '../http/log.ts';
import type { RedisClient } from '../store/redis-client.ts';
import { createGateKeys, type KeyFacts } from './gate-keys.ts';
import { listenToKeys } from './redis-key-events.ts';

export interface ScannedSession {
  readonly key: string;
  /** To the second; undefined: unknown, because Redis evicts by LFU. */
  readonly lastUsedAt: number | undefined;
  /** The last sign-in or refresh, computed from the time left; undefined: it never expires, or has more left than `expireMs`. */
  readonly savedAt: number | undefined;
  /** undefined: never. */
  readonly expiresAt: number | undefined;
}

export interface ScanSnapshot {
  /** When the last complete sweep ended; undefined: none yet. */
  readonly sweptAt: number | undefined;
  /** Set where the last attempt to read failed. */
  readonly faultAt: number | undefined;
  /** All sessions found; more than `sessions` holds where the table is full. */
  readonly total: number;
  /** The most recently used first. */
  readonly sessions: readonly ScannedSession[];
}

export interface SessionScanOptions {
  /** The gate's own Redis. */
  readonly redis: RedisClient;
  readonly cookieName: string;
  /** OAUTH2_PROXY_COOKIE_EXPIRE. */
  readonly expireMs: number;
  readonly now: () => number;
  readonly logger: Logger;
  /** The most sessions to list; any others are only counted. */
  readonly limit?: number;
  /** The most SCAN calls in one step. */
  readonly pagesPerStep?: number;
}

export interface SessionScan {
  /** Continues the sweep for a few pages. @returns whether the sweep is complete. */
  step(): Promise<boolean>;
  snapshot(): ScanSnapshot;
  /** Follows Redis' key events where there are any, and sweeps every `everyMs`. @returns a function that stops both. */
  start(everyMs: number): Promise<() => void>;
}

export function createSessionScan(options: SessionScanOptions): SessionScan {
  const { redis, cookieName, expireMs, now, logger, limit = 10_000, pagesPerStep = 20 } = options;
  const keys = createGateKeys(redis, cookieName);
  const table = new Map<string, ScannedSession>();
  let [sweptAt, faultAt]: (number | undefined)[] = [];
  let overflow = 0;
  /** The current sweep. SCAN can return a key twice; a key that is on none of its pages no longer exists. */
  let sweep = { cursor: undefined as string | undefined, seen: new Set<string>(), overflow: 0 };

  function put(facts: KeyFacts): boolean {
    if (!table.has(facts.key) && table.size >= limit) return false;
    table.set(facts.key, toSession(facts, now(), expireMs));
    return true;
  }

  function finish(): void {
    for (const key of table.keys()) if (!sweep.seen.has(key)) table.delete(key);
    overflow = sweep.overflow;
    sweep = { cursor: undefined, seen: new Set(), overflow: 0 };
    sweptAt = now();
  }

  async function step(): Promise<boolean> {
    for (let pages = 0; pages < pagesPerStep; pages++) {
      const { found, next } = await keys.page(sweep.cursor);
      for (const facts of found) {
        if (put(facts)) sweep.seen.add(facts.key);
        else sweep.overflow++;
      }
      sweep.cursor = next;
      faultAt = undefined;
      if (next === undefined) {
        finish();
        return true;
      }
    }
    return false;
  }

  async function lookAt(key: string): Promise<void> {
    const facts = await keys.look(key);
    if (facts) {
      if (put(facts)) sweep.seen.add(key);
    } else table.delete(key);
  }

  const onFault = (error: unknown) => {
    if (faultAt === undefined) logger.warn({ event: 'radar.failed', err: error });
    faultAt = now();
  };

  return {
    step,
    snapshot: () => ({
      sweptAt,
      faultAt,
      total: table.size + overflow,
      sessions: [...table.values()].sort((a, b) => (b.lastUsedAt ?? 0) - (a.lastUsedAt ?? 0)),
    }),
    async start(everyMs) {
      const events = await listenToKeys(redis, cookieName, (key) => void lookAt(key).catch(onFault));
      let stopped = false;
      let timer: NodeJS.Timeout | undefined;
      const goOn = async () => {
        const isComplete = await step().catch((error: unknown) => {
          onFault(error);
          return true;
        });
        if (!stopped) timer = setTimeout(() => void goOn(), isComplete ? everyMs : 0).unref();
      };
      await goOn();
      return () => {
        stopped = true;
        clearTimeout(timer);
        events?.stop();
      };
    },
  };
}

function toSession({ key, idleMs, leftMs }: KeyFacts, at: number, expireMs: number): ScannedSession {
  const livedMs = leftMs === undefined ? undefined : expireMs - leftMs;
  return {
    key,
    lastUsedAt: idleMs === undefined ? undefined : at - idleMs,
    savedAt: livedMs === undefined || livedMs < 0 ? undefined : at - livedMs,
    expiresAt: leftMs === undefined ? undefined : at + leftMs,
  };
}
