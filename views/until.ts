// The end of a right in words. A right that ends at midnight UTC is shown by its last day, as it was entered.
import { date, exact, iso } from './format.ts';
import { type Html, html } from './html.ts';

const day = 86_400_000;

/** "12 March 2027", the last day on which it applies, UTC; or the exact time. @param until the first instant at which it no longer applies */
export function lastDay(until: number): string {
  return until % day === 0 ? date(until - 1) : exact(until);
}

/** "until 12 March 2027", with the exact end in its title. */
export function untilWords(until: number): Html {
  return html`until <time class="number" datetime="${iso(until)}" title="ends ${exact(until)}">${lastDay(until)}</time>`;
}

/** The last day for a date field: `2027-03-12`. */
export function lastDayField(until: number): string {
  return iso(until - 1).slice(0, 10);
}
