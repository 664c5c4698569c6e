// Medians, and ratios of runs that were measured in pairs.

export interface Spread {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

/** @throws RangeError if there is no value */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [lowest, highest] = [sorted[0], sorted.at(-1)];
  if (lowest === undefined || highest === undefined) throw new RangeError('nothing was measured');
  const middle = sorted.length / 2;
  const around = sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1);
  return { median: around.reduce((sum, value) => sum + value, 0) / around.length, lowest, highest };
}

export function medianOf(values: readonly number[]): number {
  return spreadOf(values).median;
}

/** Divides each of `those` by its partner in `these`: a disturbance affects both runs of a pair. */
export function ratiosOf(those: readonly number[], these: readonly number[]): Spread {
  return spreadOf(those.slice(0, these.length).map((value, i) => value / (these[i] ?? Number.NaN)));
}
