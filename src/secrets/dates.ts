// SECRET_DATES: the day on which each secret was created, by its fingerprint, and when a former one can be removed. Pure. Days are UTC,
// `YYYY-MM-DD`.
import { fingerprint } from '../crypto/tokens.ts';

export type Dates = ReadonlyMap<string, string>;

const dayMs = 86_400_000;

/** @param at milliseconds */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** Anything that is not `fingerprint=day` is skipped. */
export function readDates(text: string | undefined): Dates {
  const pairs = (text ?? '').split(',').map((pair) => /^([\da-f]{8})=(\d{4}-\d\d-\d\d)$/.exec(pair.trim()));
  return new Map(
    pairs.flatMap((pair) =>
      pair?.[1] && pair[2] && Number.isFinite(Date.parse(pair[2])) ? [[pair[1], pair[2]] as const] : [],
    ),
  );
}

export function writeDates(dates: Dates): string {
  return [...dates].map(([mark, day]) => `${mark}=${day}`).join(',');
}

/**
 * The fingerprint that may identify a secret in public; undefined for a secret so short that a person may have chosen it:
 * anyone who saw its fingerprint could test guesses against it, without the slow derivation that protects a passphrase.
 */
export function markOf(secret: string): string | undefined {
  return secret.length >= 32 ? fingerprint(secret) : undefined;
}

/**
 * Corrects the days of a list: a secret older than the one it replaced was put back by hand, or created while the clock was
 * wrong. It is unknown how long it has been in use, so it counts from today.
 * @param secrets newest first
 */
export function putInOrder(secrets: readonly string[], dates: Dates, today: string): Dates {
  const result = new Map(dates);
  let newest = '';
  for (const mark of secrets.toReversed().map(markOf)) {
    const day = mark && result.get(mark);
    if (mark === undefined || day === undefined) continue;
    if (day < newest) result.set(mark, today);
    newest = result.get(mark) ?? newest;
  }
  return result;
}

/** A day in the future, if the clock is or was wrong; one day ahead can come from another machine's clock. */
export function dayToCome(dates: Dates, today: string): string | undefined {
  const tomorrow = dayOf(Date.parse(today) + dayMs);
  return [...dates.values()].find((day) => day > tomorrow);
}

/**
 * The first day on which a former secret can be removed: everything it signed on its last day has expired by then.
 * @param outOfUse the day on which its successor was created; it may have been used until the end of that day
 * @param keptForMs how long what it signed can still be presented
 */
export function canGoFrom(outOfUse: string, keptForMs: number): string {
  return dayOf(Math.ceil((Date.parse(outOfUse) + dayMs + keptForMs) / dayMs) * dayMs);
}
