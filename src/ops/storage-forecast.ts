// Estimates how long the storage lasts, from its growth over the last days, which is stored with the daily counts.
import type { Store } from '../store/contract.ts';
import { dayOf } from './daily.ts';

export interface StorageForecast {
  readonly usedBytes: number;
  /** The limit; absent: none is known. */
  readonly mostBytes?: number;
  /** Recent growth per day; absent: there are not enough days yet. */
  readonly bytesADay?: number;
  /** Until it is full at that rate; absent if it does not grow or has no limit. */
  readonly daysLeft?: number;
}

const dayMs = 86_400_000;
const lookBackDays = 14;
/** Fewer days would reflect one busy day rather than the weeks to come. */
const fewestDays = 3;

/** @returns undefined if the store does not report how much it uses. @throws StoreUnavailable */
export async function forecastStorage(
  { room, counters }: Pick<Store, 'room' | 'counters'>,
  now: number,
): Promise<StorageForecast | undefined> {
  const present = await room();
  if (!present) return undefined;
  const { usedBytes, mostBytes } = present;
  const days = Array.from({ length: lookBackDays }, (_, i) => dayOf(now - (lookBackDays - i) * dayMs));
  const samples = (await counters.read(days)).flatMap((counts, i): [day: number, bytes: number][] => {
    const bytes = counts['store-bytes'];
    return bytes === undefined ? [] : [[i, bytes]];
  });
  // Today is not over: its value is what is used now.
  const [oldest] = samples;
  const span = oldest ? lookBackDays - oldest[0] : 0;
  const bytesADay = oldest && span >= fewestDays ? (usedBytes - oldest[1]) / span : undefined;
  const left = mostBytes === undefined ? undefined : Math.max(0, mostBytes - usedBytes);
  return {
    usedBytes,
    ...(mostBytes !== undefined && { mostBytes }),
    ...(bytesADay !== undefined && { bytesADay }),
    ...(bytesADay !== undefined && bytesADay > 0 && left !== undefined && { daysLeft: left / bytesADay }),
  };
}
