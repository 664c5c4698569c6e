// The values of the gauges: read when the metrics are requested, but never more often than every few seconds, so that scraping cannot load
// the store.
import type { NoteTable, Store } from '../store/contract.ts';
import { watchEventLoop } from './event-loop.ts';
import type { Metrics } from './metrics.ts';

/** The state of the audit log. */
export interface RecordState {
  /** Entries that wait to be written. */
  readonly waiting: number;
  /** Milliseconds; undefined: nothing was written since the start. */
  readonly lastWrittenAt: number | undefined;
  /** Milliseconds; undefined: nothing failed since the start. */
  readonly lastFailureAt: number | undefined;
  /** Entries that the file lacks. */
  readonly fileBehind: number;
}

export interface GaugeOptions {
  readonly metrics: Metrics;
  /** Not the measured store: reading gauges is not work of the program. */
  readonly store: Pick<Store, 'ping' | 'sessions'>;
  /** Each resolves if that Redis answers; absent: there is none. */
  readonly redis: { readonly store?: () => Promise<unknown>; readonly gate?: () => Promise<unknown> };
  /** Resolves if the store accepts a write now. */
  readonly tryWrite: () => Promise<unknown>;
  readonly recordState: () => RecordState;
  readonly now: () => number;
}

const freshForMs = 5_000;
const patienceMs = 3_000;

/** @returns a function that stops watching */
export function watchGauges({ metrics, store, redis, tryWrite, recordState, now }: GaugeOptions): () => void {
  const live = fresh(now, () => store.sessions.countLive(now()));
  const storePing = fresh(now, () => timed(store.ping));
  const pings = Object.entries(redis).map(([role, ping]) => [role, fresh(now, () => timed(ping))] as const);
  const loop = watchEventLoop();

  metrics.gauge('gatehouse_sessions_live', live);
  metrics.gauge('gatehouse_store_up', async () => ((await storePing()) === undefined ? 0 : 1));
  metrics.gauge('gatehouse_store_writable', () =>
    tryWrite().then(
      () => 1,
      () => 0,
    ),
  );
  metrics.gauge('gatehouse_store_ping_seconds', storePing);
  metrics.gauge('gatehouse_redis_up', () => readAll(pings, (seconds) => (seconds === undefined ? 0 : 1)));
  metrics.gauge('gatehouse_redis_ping_seconds', () => readAll(pings, (seconds) => seconds));
  metrics.gauge('gatehouse_event_loop_delay_p50_seconds', () => loop.read().p50);
  metrics.gauge('gatehouse_event_loop_delay_p99_seconds', () => loop.read().p99);
  metrics.gauge('gatehouse_event_loop_delay_max_seconds', () => loop.read().max);
  metrics.gauge('gatehouse_record_waiting_entries', () => recordState().waiting);
  metrics.gauge('gatehouse_record_file_behind_entries', () => recordState().fileBehind);
  metrics.gauge('gatehouse_record_last_write_timestamp_seconds', () => {
    const { lastWrittenAt } = recordState();
    return lastWrittenAt === undefined ? undefined : lastWrittenAt / 1000;
  });
  return loop.stop;
}

/**
 * Whether the audit log can be written, as far as is known: it cannot if entries wait and the last attempt failed. What waits is retried
 * automatically, so this recovers without any request.
 */
export function isRecording({ waiting, lastWrittenAt, lastFailureAt }: RecordState): boolean {
  return waiting === 0 || lastFailureAt === undefined || (lastWrittenAt ?? 0) >= lastFailureAt;
}

const probeKey = 'ops:probe';
const probeLivesMs = 60_000;

/**
 * Writes a note that expires soon: a full disk, a full Redis and a read-only replica still answer a ping. Calls within a few seconds share
 * one result.
 * @returns a function that throws if the note was not written, or not in time
 */
export function createWriteProbe({
  notes,
  now,
}: {
  readonly notes: Pick<NoteTable, 'write'>;
  readonly now: () => number;
}): () => Promise<unknown> {
  return fresh(now, () => inTime(() => notes.write(probeKey, true, now() + probeLivesMs)));
}

/** Seconds until `ping` answered; undefined if it failed or took too long. */
async function timed(ping: () => Promise<unknown>): Promise<number | undefined> {
  const startedAt = performance.now();
  try {
    await inTime(ping);
    return (performance.now() - startedAt) / 1000;
  } catch {
    return undefined;
  }
}

/** @throws what `work` throws, or an error if it takes too long */
async function inTime(work: () => Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('it took too long')), patienceMs);
  try {
    await Promise.race([work(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function readAll(
  pings: readonly (readonly [string, () => Promise<number | undefined>])[],
  standing: (seconds: number | undefined) => number | undefined,
): Promise<Record<string, number | undefined>> {
  return Object.fromEntries(
    await Promise.all(pings.map(async ([role, ping]) => [role, standing(await ping())] as const)),
  );
}

/** Calls `read` at most once every few seconds: callers in between share its result, also while it is running. */
function fresh<T>(now: () => number, read: () => Promise<T>): () => Promise<T> {
  let kept: { readonly at: number; readonly value: Promise<T> } | undefined;
  return () => {
    // Absolute, because after a clock was set back the gauge would otherwise keep its value until the clock has caught up.
    if (kept === undefined || Math.abs(now() - kept.at) >= freshForMs) kept = { at: now(), value: read() };
    return kept.value;
  };
}
