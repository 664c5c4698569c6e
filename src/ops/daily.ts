// Daily counts for the charts, kept in the store. They are collected in memory for a few seconds, so that no request waits for them.
// They hold nothing about anybody: a name from a closed set, a day, a number.
import type { Logger } from '../http/log.ts';
import type { CounterTable } from '../store/contract.ts';

export const dailyNames = [
  'sign-ins',
  'device.desktop',
  'device.mobile',
  'device.tablet',
  'device.unknown',
  'rejected.csrf',
  'rejected.proof',
  'rejected.identity',
  'rejected.ended',
  'rejected.replay',
  'rejected.operator',
  'live',
  'store-bytes',
] as const;

export type DailyName = (typeof dailyNames)[number];

export interface Daily {
  /** Adds one to today's count, in memory at first. */
  add(name: DailyName): void;
  /** Raises today's maximum if `n` is higher than what was noted so far. */
  raise(name: DailyName, n: number): void;
  /** Writes what was collected. Never throws: what the store does not take is retried. */
  flush(): Promise<void>;
  /** Starts writing every few seconds. @returns a function that stops it; what is collected then waits for `flush` */
  start(): () => void;
}

export interface DailyOptions {
  readonly counters: CounterTable;
  readonly now: () => number;
  readonly logger: Logger;
}

const dayMs = 86_400_000;
const keepDays = 60;
const flushEveryMs = 5_000;

/** `2026-11-23`, in UTC: the server does not know the reader's time zone. */
export const dayOf = (at: number) => new Date(at).toISOString().slice(0, 10);

export function createDaily({ counters, now, logger }: DailyOptions): Daily {
  // At most one entry per day and name, so an outage of a week takes no more memory than that.
  let sums = new Map<string, Partial<Record<DailyName, number>>>();
  let highest = new Map<string, Partial<Record<DailyName, number>>>();
  const written = new Map<DailyName, { readonly day: string; readonly n: number }>();
  let flushing: Promise<void> | undefined;

  function dayIn(days: typeof sums): Partial<Record<DailyName, number>> {
    const day = dayOf(now());
    const counts = days.get(day) ?? {};
    days.set(day, counts);
    return counts;
  }

  async function write(): Promise<void> {
    const [taken, raised] = [sums, highest];
    [sums, highest] = [new Map(), new Map()];
    const endOf = (day: string) => Date.parse(day) + (keepDays + 1) * dayMs;
    try {
      for (const [day, counts] of taken) {
        await counters.add(day, counts, endOf(day));
        taken.delete(day);
      }
      for (const [day, counts] of raised) {
        for (const [name, n] of Object.entries(counts)) await counters.raise(day, name, n, endOf(day));
        raised.delete(day);
      }
    } catch (error) {
      logger.warn({ event: 'daily.not_written', err: error });
      for (const [day, counts] of taken) sums.set(day, sumOf(counts, sums.get(day)));
      for (const [day, counts] of raised) highest.set(day, { ...counts, ...highest.get(day) });
    }
  }

  const daily: Daily = {
    add(name) {
      const counts = dayIn(sums);
      counts[name] = (counts[name] ?? 0) + 1;
    },
    raise(name, n) {
      const day = dayOf(now());
      const before = written.get(name);
      if (n <= 0 || (before?.day === day && before.n >= n)) return;
      written.set(name, { day, n });
      dayIn(highest)[name] = n;
    },
    async flush() {
      await flushing;
      if (sums.size === 0 && highest.size === 0) return;
      flushing = write();
      await flushing;
    },
    start() {
      const timer = setInterval(() => void daily.flush(), flushEveryMs).unref();
      return () => clearInterval(timer);
    },
  };
  return daily;
}

function sumOf(
  one: Partial<Record<DailyName, number>>,
  other: Partial<Record<DailyName, number>> = {},
): Partial<Record<DailyName, number>> {
  const sum = { ...one };
  for (const name of dailyNames) {
    const n = (one[name] ?? 0) + (other[name] ?? 0);
    if (n > 0) sum[name] = n;
  }
  return sum;
}
