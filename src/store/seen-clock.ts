// How far retention may believe the clock: what was last seen is kept in the store, and a jump ahead is not time that passed. Nothing
// that is removed comes back, so a clock that jumped is waited for, and what has become old meanwhile goes little by little.

/** The fact under `clockFact`, in milliseconds. */
export interface SeenClock {
  /** Until here time is known to have passed. */
  readonly at: number;
  /** What the clock said when this was written. */
  readonly clock: number;
  /** For how long the clock has gone on steadily since it jumped ahead; 0: it did not, or just now. */
  readonly waitedMs: number;
}

/** `ahead`: the clock jumped, or the server was off for long. `behind`: it shows less than has passed. `redis`: it differs from Redis' own. */
export type ClockDoubt = 'ahead' | 'behind' | 'redis';

export const clockFact = 'clock';

const dayMs = 86_400_000;
/** A server that was off for so long is nothing special. */
export const jumpMs = dayMs;
/** A clock that differs by less is set right by the system soon. */
export const differsMs = 3_600_000;
/** A clock that goes on steadily for so long is believed without an operator. */
export const believedAfterMs = 7 * dayMs;
/** Then so many days pass in one. */
const catchUp = 24;

export interface Seen {
  readonly next: SeenClock;
  readonly doubt: ClockDoubt | undefined;
}

/**
 * What is known after a look at the clock.
 * @param elapsedMs since `kept` was written, by a clock that nobody sets; 0 where that is not known
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

/** An operator says that the clock is right. */
export function believeClock(kept: SeenClock, now: number): SeenClock {
  return { at: kept.at, clock: now, waitedMs: believedAfterMs };
}

/** undefined for what is no such fact. */
export function readSeenClock(text: string | undefined): SeenClock | undefined {
  try {
    const { at, clock, waitedMs } = JSON.parse(text ?? '') as Record<string, unknown>;
    if (![at, clock, waitedMs].every(Number.isFinite)) return undefined;
    return { at: Number(at), clock: Number(clock), waitedMs: Number(waitedMs) };
  } catch {
    return undefined;
  }
}

/** Until when a program of the terminal may remove things: by what the server saw last. Without one, the clock. */
export async function removableUntil(
  facts: { read(name: string): Promise<string | undefined> },
  now: number,
): Promise<number> {
  const seen = readSeenClock(await facts.read(clockFact));
  return seen && now - seen.at > jumpMs ? seen.at : now;
}

export const writeSeenClock = ({ at, clock, waitedMs }: SeenClock) => JSON.stringify({ at, clock, waitedMs });
