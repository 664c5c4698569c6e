// Every live session at the gate, also of people who never opened the dashboard. Reading does not change what is read.
import type { Logger } from '../http/log.ts';
import type { RedisClient } from '../store/redis-client.ts';
import { createGateKeys, type KeyFacts } from './gate-keys.ts';
import { type KeyEvents, listenToKeys } from './redis-key-events.ts';

export interface ScannedSession {
  readonly key: string;
  /** To the second; undefined: Redis does not say (an LFU eviction policy). */
  readonly lastUsedAt: number | undefined;
  /** The last sign-in or refresh, by the time left; undefined: never expires, or the gate's lifetime is another one. */
  readonly savedAt: number | undefined;
  /** undefined: never. */
  readonly expiresAt: number | undefined;
}

export interface ScanSnapshot {
  /** Live by events, or as of the last sweep. */
  readonly mode: 'events' | 'scanning';
  /** When the last whole sweep ended; undefined: not yet. */
  readonly sweptAt: number | undefined;
  /** Set where the last try to read failed. */
  readonly faultAt: number | undefined;
  /** All that were found; more than are listed where the table is full. */
  readonly total: number;
  /** Used last first. */
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
  /** Sessions in the table at most; the others are counted. */
  readonly limit?: number;
  /** SCAN calls a sweep step at most. */
  readonly pagesPerStep?: number;
}

export interface SessionScan {
  /** Goes on with the sweep for a few pages. @returns whether the sweep is whole now. */
  step(): Promise<boolean>;
  snapshot(): ScanSnapshot;
  /** Calls `listener` after every change. @returns how to stop that. */
  subscribe(listener: () => void): () => void;
  /** Listens, and sweeps every `everyMs`, a step at a time. @returns how to stop. */
  start(everyMs: number): Promise<() => void>;
}

export function createSessionScan(options: SessionScanOptions): SessionScan {
  const { redis, cookieName, expireMs, now, logger, limit = 10_000, pagesPerStep = 20 } = options;
  const keys = createGateKeys(redis, cookieName);
  const table = new Map<string, ScannedSession>();
  const listeners = new Set<() => void>();
  let events: KeyEvents | undefined;
  let [sweptAt, faultAt]: (number | undefined)[] = [];
  let overflow = 0;
  /** The sweep under way. SCAN can give a key twice; what it gives in none of its pages is gone. */
  let sweep = { cursor: undefined as string | undefined, seen: new Set<string>(), overflow: 0 };

  const changed = () => {
    for (const listener of listeners) listener();
  };

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
        changed();
        return true;
      }
    }
    changed();
    return false;
  }

  async function lookAt(key: string): Promise<void> {
    const facts = await keys.look(key);
    if (facts) {
      if (put(facts)) sweep.seen.add(key);
    } else table.delete(key);
    changed();
  }

  const onFault = (error: unknown) => {
    if (faultAt === undefined) logger.warn({ event: 'radar.failed', err: error });
    faultAt = now();
    changed();
  };

  return {
    step,
    snapshot: () => ({
      mode: events ? 'events' : 'scanning',
      sweptAt,
      faultAt,
      total: table.size + overflow,
      sessions: [...table.values()].sort((a, b) => (b.lastUsedAt ?? 0) - (a.lastUsedAt ?? 0)),
    }),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async start(everyMs) {
      events = await listenToKeys(redis, cookieName, (key) => void lookAt(key).catch(onFault));
      let stopped = false;
      let timer: NodeJS.Timeout | undefined;
      const goOn = async () => {
        const isWhole = await step().catch((error: unknown) => {
          onFault(error);
          return true;
        });
        if (!stopped) timer = setTimeout(() => void goOn(), isWhole ? everyMs : 0).unref();
      };
      await goOn();
      return () => {
        stopped = true;
        clearTimeout(timer);
        events?.stop();
        events = undefined;
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
