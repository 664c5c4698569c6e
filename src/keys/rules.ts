// When a secret is due for rotation, and when a former one can be removed. Pure functions; times in milliseconds.

/** `outside`: the app does not know the secret. `unknown`: it knows the secret but not its age. */
export type KeyState = 'fresh' | 'due soon' | 'due' | 'unknown' | 'outside';

export type KeyAge =
  /** The date in `SECRET_DATES`; `at` is the start of that day, UTC. */
  | { readonly kind: 'made'; readonly at: number }
  /** No date known; Gatehouse first saw it at `at`. */
  | { readonly kind: 'seen'; readonly at: number }
  | { readonly kind: 'unknown' };

const dayMs = 86_400_000;
/** How long before it is due a secret is `due soon`. */
const soonMs = 14 * dayMs;

/** @returns undefined if `text` is not a date in the form of `SECRET_DATES` */
export function dayOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\d$/.test(text)) return undefined;
  const at = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(at) ? undefined : at;
}

/** The end of that day: a secret made on it may have been made in its last moment. */
export function endOfDay(at: number): number {
  return at + dayMs;
}

export function dueAt(age: KeyAge, maxAgeMs: number): number | undefined {
  return age.kind === 'unknown' ? undefined : age.at + maxAgeMs;
}

export function stateOf(due: number | undefined, now: number): KeyState {
  if (due === undefined) return 'unknown';
  if (now >= due) return 'due';
  return now >= due - soonMs ? 'due soon' : 'fresh';
}

export interface FormerFacts {
  /** When its successor came into use. */
  readonly outSince: number;
  readonly lastUsedAt: number | undefined;
  readonly neededMs: number;
  readonly needed: 'after its successor' | 'after its last use';
}

/** When a former secret can be removed: everything it signed has expired, or it has not been used for long enough. */
export function goesAt({ outSince, lastUsedAt, neededMs, needed }: FormerFacts): number {
  const from = needed === 'after its last use' ? Math.max(outSince, lastUsedAt ?? 0) : outSince;
  return from + neededMs;
}
