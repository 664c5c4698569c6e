// SECRET_DATES: on which day each secret was made, by its fingerprint, and what follows for a former one. Pure. Days are UTC, `YYYY-MM-DD`.
import { fingerprint } from '../crypto/fingerprint.ts';

export type Dates = ReadonlyMap<string, string>;

const dayMs = 86_400_000;

/** @param at milliseconds */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** What does not read as `fingerprint=day` is left out. */
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
 * The fingerprint by which a secret may be named; undefined for one so short that somebody may have chosen it:
 * whoever saw its fingerprint could try guesses against that, without the slow derivation that guards a passphrase.
 */
export function markOf(secret: string): string | undefined {
  return secret.length >= 32 ? fingerprint(secret) : undefined;
}

/**
 * The days of a list put right: a secret that is older than what it replaced was put back by hand, or made while the clock was
 * wrong. Since when it is in use nobody knows, so it counts from today.
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

/** A day that is still to come, where the clock is or was wrong; one day ahead can be another machine's clock. */
export function dayToCome(dates: Dates, today: string): string | undefined {
  const tomorrow = dayOf(Date.parse(today) + dayMs);
  return [...dates.values()].find((day) => day > tomorrow);
}

/**
 * The first day on which a former secret can go: whatever it signed on its last day is over by then.
 * @param outOfUse the day on which its successor was made; it may have been used until that day's last instant
 * @param keptForMs how long what it signed can still be shown
 */
export function canGoFrom(outOfUse: string, keptForMs: number): string {
  return dayOf(Math.ceil((Date.parse(outOfUse) + dayMs + keptForMs) / dayMs) * dayMs);
}
