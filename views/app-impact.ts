// What a change of the rules would have meant in the last 30 days: who opened the app and would have been refused.
import { count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { address, notice, timeAgo } from './parts.ts';
import { lastDay } from './until.ts';

export interface Impact {
  /** Whom the change would refuse, and when they last used the app. */
  readonly refused: readonly { readonly email: string; readonly at: number }[];
  /** How many are refused already, and stay so. */
  readonly already: number;
  /** How many of those who may open it now did, as far as is known. */
  readonly admitted: number;
  /** How many entries name nobody any more. */
  readonly erased: number;
  readonly isPartial: boolean;
}

interface Assets {
  readonly asset: (name: string) => string;
}

/** How many people are named; the rest are only counted. */
const named = 12;

/** @param until the instant from which they are refused, if that is later than now */
export function impactOf(
  assets: Assets,
  title: string,
  { refused, already, admitted, erased, isPartial }: Impact,
  {
    now,
    until,
    heading = 'The last 30 days',
  }: { readonly now: number; readonly until?: number | undefined; readonly heading?: string },
): Html {
  const rest = refused.length - named;
  const when = until === undefined ? '' : ` after ${lastDay(until)}`;
  const list = html`<ul class="ending">${refused
    .slice(0, named)
    .map(
      ({ email, at }) =>
        html`<li>${address(email)} <span class="muted small">used it ${timeAgo(at, now)}</span></li>`,
    )}${rest > 0 && html`<li>and ${count(rest)} more</li>`}</ul>`;
  return html`<section class="impact"><h2>${heading}</h2>${
    refused.length > 0
      ? html`${notice(assets, 'weak', someWords(title, refused.length, admitted, when))}${list}`
      : notice(assets, 'good', nobodyWords(title, admitted, when))
  }${notes({ already, erased, isPartial })}</section>`;
}

function someWords(title: string, refused: number, admitted: number, when: string): string {
  const some = refused === 1 ? 'One' : count(refused);
  if (admitted === 1) return `The one person who used ${title} and may open it now would be refused${when}.`;
  return `${some} of the ${count(admitted)} people who used ${title} and may open it now would be refused${when}.`;
}

function nobodyWords(title: string, admitted: number, when: string): string {
  if (admitted === 0) return `Nobody who may open ${title} now is known to have used it.`;
  if (admitted === 1)
    return `The one person who used ${title} and may open it now would not be refused by this${when}.`;
  return `None of the ${count(admitted)} people who used ${title} and may open it now would be refused by this${when}.`;
}

function notes({ already, erased, isPartial }: Pick<Impact, 'already' | 'erased' | 'isPartial'>): Content {
  const lines = [
    already > 0 &&
      `${already === 1 ? 'One other person who used it is' : `${count(already)} others who used it are`} refused already.`,
    erased > 0 &&
      `${erased === 1 ? 'One entry of the record names' : `${count(erased)} entries of the record name`} people who were erased since.`,
    isPartial && partialWords,
  ].filter((line) => line !== false);
  return lines.length > 0 && html`<p class="muted small">${lines.join(' ')}</p>`;
}

/** Said where not everything was read. */
export const partialWords =
  'There was more in this time than the 10,000 entries and sessions that are read for this page: the older ones are left out.';
