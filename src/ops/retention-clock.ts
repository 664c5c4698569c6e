// The clock for everything that is removed by age. It never runs ahead of the time that has really passed: see `src/store/seen-clock.ts`.
import type { Logger } from '../http/log.ts';
import type { FactTable } from '../store/contract.ts';
import type { RecordTable } from '../store/contract-record.ts';
import {
  type ClockDoubt,
  clockFact,
  differsMs,
  lookAtClock,
  readSeenClock,
  type SeenClock,
  writeSeenClock,
} from '../store/seen-clock.ts';

export interface RetentionClockOptions {
  readonly facts: FactTable;
  /** Says when a store from before this fact existed was last in use. */
  readonly record: Pick<RecordTable, 'before'>;
  readonly now: () => number;
  /** Milliseconds of a monotonic clock. */
  readonly elapsed: () => number;
  /** The time of another machine or program, Redis; absent: there is none. */
  readonly reference?: () => Promise<number>;
  readonly logger: Logger;
}

export interface RetentionClock {
  /**
   * Reads the clock. Call it before anything is written with the present time. Never throws: if the store does not answer, no time has
   * passed, and before the first answer nothing is old.
   */
  look(): Promise<void>;
  /** Nothing newer than this may be removed for its age. Never later than the clock. */
  at(): number;
  doubt(): ClockDoubt | undefined;
  /** Reads the clock every minute. @returns a function that stops it */
  start(): () => void;
}

const everyMs = 60_000;
const tellAgainMs = 3_600_000;

const meanings = {
  ahead:
    'The clock is far ahead of when this store was last in use. Nothing is removed because of its age until the clock is corrected, has run on for seven days, or an operator runs `gatehouse clock believe`.',
  behind: 'The clock has gone backwards. Nothing is removed because of its age until it is correct.',
  redis:
    'The clock differs from that of Redis. The earlier of the two decides what is removed because of its age.',
} as const;

export function createRetentionClock(options: RetentionClockOptions): RetentionClock {
  const { facts, record, now, elapsed, reference, logger } = options;
  /** The fact as this process last saw it, and when. */
  let seenText: string | undefined;
  let lookedAt = 0;
  let state: SeenClock | undefined;
  let doubt: ClockDoubt | undefined;
  let earlier = Number.POSITIVE_INFINITY;
  let toldAt = Number.NEGATIVE_INFINITY;

  /** The clock, or that of Redis if it is earlier. */
  async function readClock(): Promise<{ at: number; differs: boolean }> {
    const own = now();
    const other = await reference?.().catch(() => undefined);
    if (other === undefined) return { at: own, differs: false };
    return { at: Math.min(own, other), differs: Math.abs(own - other) > differsMs };
  }

  async function look(): Promise<void> {
    const { at, differs } = await readClock();
    const kept = await facts.read(clockFact);
    const isFirst = seenText === undefined;
    const isUnchanged = !isFirst && kept === seenText;
    const known = readSeenClock(kept) ?? { at: await lastUse(at), clock: at, waitedMs: 0 };
    const seen = lookAtClock(known, at, isUnchanged ? elapsed() - lookedAt : 0);
    lookedAt = elapsed();
    // Another server also writes this fact, and may be right: a server that distrusts the clock does not advance the time on top of that.
    const isTheirs = !isFirst && !isUnchanged && seen.doubt === 'ahead';
    const next = isTheirs ? known : seen.next;
    if (!isTheirs) {
      const written = writeSeenClock(next);
      const isKept =
        kept === undefined
          ? (await facts.create(clockFact, written)) === written
          : await facts.replace(clockFact, kept, written);
      if (!isKept) return;
      seenText = written;
    } else seenText = kept;
    [state, earlier] = [next, at];
    tell(seen.doubt ?? (differs ? 'redis' : undefined));
  }

  /** The time of the last entry of the audit log, for a store from before this fact existed; the present for a new store. */
  async function lastUse(at: number): Promise<number> {
    const [last] = await record.before(Number.POSITIVE_INFINITY, 1);
    const written = last && Date.parse((JSON.parse(last.text) as { at?: string }).at ?? '');
    return written === undefined || Number.isNaN(written) ? at : Math.min(written, at);
  }

  function tell(found: ClockDoubt | undefined): void {
    if (found === undefined && doubt !== undefined) logger.info({ event: 'clock.believed' });
    const isDue = found !== doubt || elapsed() - toldAt >= tellAgainMs;
    doubt = found;
    if (found === undefined || !isDue) return;
    toldAt = elapsed();
    logger.error({
      event: 'clock.doubted',
      doubt: found,
      clock: new Date(now()).toISOString(),
      lastSeen: new Date(state?.at ?? 0).toISOString(),
      meaning: meanings[found],
    });
  }

  const lookSafely = () =>
    look().catch((error: unknown) => logger.warn({ event: 'clock.not_looked_at', err: error }));

  return {
    look: lookSafely,
    at: () => Math.min(state?.at ?? 0, earlier, now()),
    doubt: () => doubt,
    start() {
      const timer = setInterval(() => void lookSafely(), everyMs).unref();
      return () => clearInterval(timer);
    },
  };
}
