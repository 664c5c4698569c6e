// When a request is retried, and after what pause: Retry-After, as Atlassian asks, else exponential backoff with jitter.

export const maxTries = 5;
const firstPauseMs = 500;
const longestPauseMs = 30_000;
/** A longer Retry-After ends the sync, which resumes later. */
export const longestWaitMs = 5 * 60_000;

/** 408, 425 and the statuses of servers in trouble; 429 has its own rule. */
export function isPassing(status: number): boolean {
  return status === 408 || status === 425 || (status >= 500 && status !== 501 && status !== 505);
}

/** @param tries so far @param random 0 to 1 @returns ms, with full jitter */
export function pauseMs(tries: number, random: number): number {
  return Math.round(random * Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1)));
}

/** @returns ms from `now`; undefined if the header cannot be parsed (RFC 9110, 10.2.3: seconds or a date) */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
