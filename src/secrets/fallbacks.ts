// The former secrets of a kind: which of them still count, and from which day each can go. Pure.
import { maxFallbacks } from '../config/schemas.ts';
import { canGoFrom, type Dates, markOf } from './dates.ts';

/** A former secret that stood in the list, or comes to it now. */
export interface Former {
  readonly secret: string;
  readonly fate: 'kept' | 'dropped';
  /** The first day on which it can go; undefined where a lifetime cannot be told from the file. */
  readonly canGoFrom: string | undefined;
}

interface ListOptions {
  /** The secret that counts after the plan. */
  readonly present: string;
  /** Replaced in this run, and fit to be kept. */
  readonly former: string | undefined;
  /** What the list holds now, as text. */
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

/** Newest first, those that go as well. */
export function planFormers(options: ListOptions): Former[] {
  const { present, former, list, dates, today, keptForMs, prune, emergency } = options;
  const older = itemsOf(list);
  const all = [...new Set([former ?? '', ...older])].filter((item) => item !== '' && item !== present);
  const dayOf = (secret: string) => dates.get(markOf(secret) ?? '');
  return all.map((secret, index) => {
    // Out of use since its successor was made. Not met before: at the latest since now.
    const outOfUse = dayOf(all[index - 1] ?? present) ?? today;
    const day = keptForMs === undefined ? undefined : canGoFrom(outOfUse, keptForMs);
    const isDue = prune && day !== undefined && day <= today;
    const fate = emergency || isDue || index >= maxFallbacks ? 'dropped' : 'kept';
    return { secret, fate, canGoFrom: day };
  });
}
