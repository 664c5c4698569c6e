// Durations in settings: whole seconds, or the format of Go's time.ParseDuration, which oauth2-proxy uses; and durations as words.

const unitMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const goForm = /^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/;

/**
 * Milliseconds of a duration: `604800` (seconds), `168h`, `1h30m`, `0`.
 * @returns undefined if the text is in neither format, negative, or more than 100 years
 */
export function parseDuration(text: string): number | undefined {
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : parseGoForm(text);
  return ms !== undefined && ms <= 100 * 365.25 * 86_400_000 ? ms : undefined;
}

function parseGoForm(text: string): number | undefined {
  if (!goForm.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  }
  return Math.round(total);
}

const wordUnits = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
  [1000, 'second'],
] as const;

/** "7 days", "36 hours", "90 seconds": the largest unit that divides `ms` evenly. @param ms milliseconds */
export function durationWords(ms: number): string {
  const [unitMs, name] = wordUnits.find(([size]) => ms >= size && ms % size === 0) ?? [1000, 'second'];
  const amount = Math.round(ms / unitMs);
  return `${amount} ${name}${amount === 1 ? '' : 's'}`;
}
