// What the gauges stand at: looked at when the metrics are asked for, and never more often than every few seconds, so that
// whoever asks cannot load the store.
import type { NoteTable, Store } from '../store/contract.ts';
import { watchEventLoop } from './event-loop.ts';
import type { Metrics } from './metrics.ts';

/** How the record stands. */
export interface RecordState {
  /** Entries that wait to be written. */
  readonly waiting: number;
  /** Milliseconds; undefined: nothing was written since the start. */
  readonly lastWrittenAt: number | undefined;
  /** Milliseconds; undefined: nothing failed since the start. */
  readonly lastFailureAt: number | undefined;
  /** Entries that its file lacks. */
  readonly fileBehind: number;
}

export interface GaugeOptions {
  readonly metrics: Metrics;
  /** Not the measured one: looking is no work of the program's. */
  readonly store: Pick<Store, 'ping' | 'sessions'>;
  /** Each resolves where that Redis answers; absent: there is none. */
  readonly redis: { readonly store?: () => Promise<unknown>; readonly gate?: () => Promise<unknown> };
  /** Resolves where the store took a change just now. */
  readonly tryWrite: () => Promise<unknown>;
  readonly recordState: () => RecordState;
  readonly now: () => number;
}

const freshForMs = 5_000;
const patienceMs = 3_000;

/** @returns how to stop watching. */
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
 * Whether the record can be written, as far as is known: entries wait, and the last try failed. What waits is tried again
 * by itself, so this ends without anybody's request.
 */
export function isRecording({ waiting, lastWrittenAt, lastFailureAt }: RecordState): boolean {
  return waiting === 0 || lastFailureAt === undefined || (lastWrittenAt ?? 0) >= lastFailureAt;
}

const probeKey = 'ops:probe';
const probeLivesMs = 60_000;

/**
 * Writes a note that is soon over: a full disk, a full Redis and a replica that only reads still answer a ping. Whoever asks
 * more often than every few seconds gets the same answer.
 * @returns what throws where the note was not written, or not in time
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

/** Seconds until `ping` answered; undefined where it failed, or took too long. */
async function timed(ping: () => Promise<unknown>): Promise<number | undefined> {
  const startedAt = performance.now();
  try {
    await inTime(ping);
    return (performance.now() - startedAt) / 1000;
  } catch {
    return undefined;
  }
}

/** @throws what `work` throws; and an error where it takes too long */
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

/** `read`, at most once in a few seconds: who asks in between gets the same answer, also while it is under way. */
function fresh<T>(now: () => number, read: () => Promise<T>): () => Promise<T> {
  let kept: { readonly at: number; readonly value: Promise<T> } | undefined;
  return () => {
    // Also after a clock was set back, or a gauge would stand still until it has caught up.
    if (kept === undefined || Math.abs(now() - kept.at) >= freshForMs) kept = { at: now(), value: read() };
    return kept.value;
  };
}
