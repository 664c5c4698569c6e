// The former secrets of a kind: which are still accepted, and the day from which each can be removed. Pure.
import { maxFallbacks } from '../config/schemas.ts';
import { canGoFrom, type Dates, markOf } from './dates.ts';

/** A former secret that is in the list already, or is added to it now. */
export interface Former {
  readonly secret: string;
  readonly fate: 'kept' | 'dropped';
  /** The first day on which it can be removed; undefined if a lifetime cannot be determined from the file. */
  readonly canGoFrom: string | undefined;
}

interface ListOptions {
  /** The secret in use after the plan. */
  readonly present: string;
  /** Replaced in this run, and fit to be kept. */
  readonly former: string | undefined;
  /** The current text of the list. */
  readonly list: string | undefined;
  readonly dates: Dates;
  readonly today: string;
  readonly keptForMs: number | undefined;
  readonly prune: boolean;
  readonly emergency: boolean;
}

export function itemsOf(list: string | undefined): string[] {
  return (list ?? '').split(',').map((item) => item.trim());
}

/** Newest first, including those to be removed. */
export function planFormers(options: ListOptions): Former[] {
  const { present, former, list, dates, today, keptForMs, prune, emergency } = options;
  const older = itemsOf(list);
  const all = [...new Set([former ?? '', ...older])].filter((item) => item !== '' && item !== present);
  const dayOf = (secret: string) => dates.get(markOf(secret) ?? '');
  return all.map((secret, index) => {
    // Out of use since its successor was created. If the successor has no date: since now at the latest.
    const outOfUse = dayOf(all[index - 1] ?? present) ?? today;
    const day = keptForMs === undefined ? undefined : canGoFrom(outOfUse, keptForMs);
    const isDue = prune && day !== undefined && day <= today;
    const fate = emergency || isDue || index >= maxFallbacks ? 'dropped' : 'kept';
    return { secret, fate, canGoFrom: day };
  });
}
