// How far retention may trust the clock. The last reading is kept in the store, and a jump ahead does not count as time that passed.
// Deletion cannot be undone, so after a jump retention waits, and then deletes gradually what has become old meanwhile.

/** The fact stored under `clockFact`, in milliseconds. */
export interface SeenClock {
  /** The time that is known to have been reached. */
  readonly at: number;
  /** The clock reading when this was written. */
  readonly clock: number;
  /** How long the clock has run steadily since it jumped ahead; 0: it did not jump, or just now. */
  readonly waitedMs: number;
}

/** `ahead`: the clock jumped, or the server was off for long. `behind`: it shows less than has passed. `redis`: it differs from Redis's. */
export type ClockDoubt = 'ahead' | 'behind' | 'redis';

export const clockFact = 'clock';

const dayMs = 86_400_000;
/** A server may normally be off for up to this long. */
export const jumpMs = dayMs;
/** The system soon corrects a clock that differs by less. */
export const differsMs = 3_600_000;
/** A clock that runs steadily for this long is trusted without an operator. */
export const believedAfterMs = 7 * dayMs;
/** After that, this many days pass per day. */
const catchUp = 24;

export interface Seen {
  readonly next: SeenClock;
  readonly doubt: ClockDoubt | undefined;
}

/**
 * What is known after reading the clock.
 * @param elapsedMs time since `kept` was written, by a monotonic clock; 0 if unknown
 */
export function lookAtClock(kept: SeenClock, now: number, elapsedMs: number): Seen {
  const passed = kept.at + elapsedMs;
  if (now - passed <= jumpMs) {
    const next = { at: Math.max(now, kept.at), clock: now, waitedMs: 0 };
    return { next, doubt: kept.at - now > differsMs ? 'behind' : undefined };
  }
  const isSteady = Math.abs(now - kept.clock - elapsedMs) <= jumpMs;
  const waitedMs = isSteady ? kept.waitedMs + elapsedMs : 0;
  if (waitedMs < believedAfterMs) return { next: { at: passed, clock: now, waitedMs }, doubt: 'ahead' };
  return {
    next: { at: Math.min(now, kept.at + elapsedMs * catchUp), clock: now, waitedMs },
    doubt: undefined,
  };
}

/** An operator confirms that the clock is right. */
export function believeClock(kept: SeenClock, now: number): SeenClock {
  return { at: kept.at, clock: now, waitedMs: believedAfterMs };
}

/** undefined if it is missing or invalid. */
export function readSeenClock(text: string | undefined): SeenClock | undefined {
  try {
    const { at, clock, waitedMs } = JSON.parse(text ?? '') as Record<string, unknown>;
    if (![at, clock, waitedMs].every(Number.isFinite)) return undefined;
    return { at: Number(at), clock: Number(clock), waitedMs: Number(waitedMs) };
  } catch {
    return undefined;
  }
}

/** The time up to which a terminal command may delete: by the server's last reading, or the clock if there is none. */
export async function removableUntil(
  facts: { read(name: string): Promise<string | undefined> },
  now: number,
): Promise<number> {
  const seen = readSeenClock(await facts.read(clockFact));
  return seen && now - seen.at > jumpMs ? seen.at : now;
}

export const writeSeenClock = ({ at, clock, waitedMs }: SeenClock) => JSON.stringify({ at, clock, waitedMs });
