// Formats durations for the report.

const units = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
] as const;

/** "7 days", "36 hours", "90 seconds": the largest unit that divides `ms` evenly. @param ms milliseconds */
export function wordsOf(ms: number): string {
  const [unitMs, name] = units.find(([size]) => ms >= size && ms % size === 0) ?? [1000, 'second'];
  const amount = Math.round(ms / unitMs);
  return `${amount} ${name}${amount === 1 ? '' : 's'}`;
}
