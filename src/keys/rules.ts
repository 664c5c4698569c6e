// How a secret stands, from what is known of it: pure. Times in milliseconds.

/** `outside`: the app does not know the secret. `unknown`: it does, but not how old it is. */
export type KeyState = 'fresh' | 'due soon' | 'due' | 'unknown' | 'outside';

export type KeyAge =
  /** The day that `SECRET_DATES` names; `at` is its first instant, UTC. */
  | { readonly kind: 'made'; readonly at: number }
  /** Older than this house remembers: first seen then. */
  | { readonly kind: 'seen'; readonly at: number }
  | { readonly kind: 'unknown' };

const dayMs = 86_400_000;
/** How long before its time a secret is said to be due soon. */
const soonMs = 14 * dayMs;

/** @returns undefined for what is no day as `SECRET_DATES` writes it */
export function dayOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\d$/.test(text)) return undefined;
  const at = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(at) ? undefined : at;
}

/** When that day is over: what was made on it may have been made in its last moment. */
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
  /** Since when its successor is in use. */
  readonly outSince: number;
  readonly lastUsedAt: number | undefined;
  readonly neededMs: number;
  readonly needed: 'after its successor' | 'after its last use';
}

/** From when on a former secret may go: what it signed is over then, or nobody brought it for so long. */
export function goesAt({ outSince, lastUsedAt, neededMs, needed }: FormerFacts): number {
  const from = needed === 'after its last use' ? Math.max(outSince, lastUsedAt ?? 0) : outSince;
  return from + neededMs;
}
