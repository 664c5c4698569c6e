// Instants, durations and sizes as words. The server does not know the reader's time zone, so instants are in UTC or relative to now.

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
/** Created when first needed: the locale data takes 12 ms to load. */
let grouped: Intl.NumberFormat | undefined;

/** "12,345". */
export function count(value: number): string {
  // Nothing to group, and the formatter costs more than rendering the whole row.
  if (Number.isInteger(value) && value >= 0 && value < 1000) return String(value);
  grouped ??= new Intl.NumberFormat('en');
  return grouped.format(value);
}

function units(value: number, unit: string): string {
  return `${count(value)} ${unit}${value === 1 ? '' : 's'}`;
}

/**
 * "45 seconds", "90 minutes", "24 hours", "7 days". Rounded down, because it is mostly used for the time left; a larger unit is used
 * only from two of it on, so that 47 hours are never "1 day".
 */
export function duration(ms: number): string {
  if (ms < minute) return units(Math.max(0, Math.floor(ms / 1000)), 'second');
  if (ms < hour || (ms < 2 * hour && ms % hour !== 0)) return units(Math.floor(ms / minute), 'minute');
  if (ms < 2 * day) return units(Math.floor(ms / hour), 'hour');
  return units(Math.floor(ms / day), 'day');
}

/** The time left: rounded to the nearest unit, so that seven days are not "6 days" a moment after they began. */
export function remaining(ms: number): string {
  if (ms < 2 * hour) return duration(ms);
  return ms < 2 * day ? units(Math.round(ms / hour), 'hour') : units(Math.round(ms / day), 'day');
}

/** "just now", "2 minutes ago", "a day ago" ("yesterday" would need the reader's time zone), "12 March 2026". */
export function ago(at: number, now: number): string {
  const passed = now - at;
  if (passed < minute) return 'just now';
  if (passed < hour) return `${units(Math.floor(passed / minute), 'minute')} ago`;
  if (passed < day) return `${units(Math.floor(passed / hour), 'hour')} ago`;
  if (passed < 2 * day) return 'a day ago';
  if (passed < 31 * day) return `${units(Math.floor(passed / day), 'day')} ago`;
  return `on ${date(at)}`;
}

/** "in 5 days"; "now" if it is in the past. */
export function ahead(at: number, now: number): string {
  if (at <= now) return 'now';
  return at - now < minute ? 'in less than a minute' : `in ${remaining(at - now)}`;
}

/** "23 November 2026", UTC. @throws RangeError if `at` is not finite */
export function date(at: number): string {
  return dayOf(Math.trunc(at)).words;
}

/** "2026-11-23T15:04:05.678Z": ISO 8601, for machines. @throws RangeError if `at` is not finite */
export function iso(at: number): string {
  const ms = Math.trunc(at);
  const { isoDate, beganAt } = dayOf(ms);
  const passed = ms - beganAt;
  const seconds = digits[Math.floor((passed % minute) / 1000)];
  return `${isoDate}T${clock(passed)}:${seconds}.${thousandths[passed % 1000]}Z`;
}

/** "23 November 2026, 15:04 UTC". @throws RangeError if `at` is not finite */
export function exact(at: number): string {
  const ms = Math.trunc(at);
  const { words, beganAt } = dayOf(ms);
  return `${words}, ${clock(ms - beganAt)} UTC`;
}

const digits = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));
const thousandths = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, '0'));

/** "15:04". @param passed milliseconds since midnight */
function clock(passed: number): string {
  return `${digits[Math.floor(passed / hour)]}:${digits[Math.floor((passed % hour) / minute)]}`;
}

interface Day {
  readonly beganAt: number;
  readonly isoDate: string;
  readonly words: string;
}

/** Cache: `Date` needs most of the time of a row with three instants, and the rows of a page share few days. */
const days = new Map<number, Day>();
const daysLimit = 1000;

function dayOf(ms: number): Day {
  const number = Math.floor(ms / day);
  const known = days.get(number);
  if (known) return known;
  const text = new Date(ms).toISOString();
  const words = `${Number(text.slice(8, 10))} ${months[Number(text.slice(5, 7)) - 1]} ${Number(text.slice(0, 4))}`;
  const found = { beganAt: number * day, isoDate: text.slice(0, text.indexOf('T')), words };
  if (days.size >= daysLimit) days.clear();
  days.set(number, found);
  return found;
}

/** "312 bytes", "4 KB", "1.5 KB"; 1 KB is 1,024 bytes, as in cookie and header limits. */
export function bytes(value: number): string {
  if (value < 1024) return units(value, 'byte');
  const [size, unit] = value < 1024 * 1024 ? [value / 1024, 'KB'] : [value / (1024 * 1024), 'MB'];
  return `${count(size < 10 ? Math.round(size * 10) / 10 : Math.round(size))} ${unit}`;
}

/** "Firefox on Windows". */
export function deviceName(device: { readonly browser: string; readonly os: string }): string {
  return `${device.browser} on ${device.os}`;
}
