// One entry of the record.
import { type Content, type Html, html } from './html.ts';
import { address, timeAgo } from './parts.ts';

export type RecordRowView =
  | { readonly seq: number; readonly readable: false }
  | {
      readonly seq: number;
      readonly readable: true;
      readonly at: number;
      /** Its name: `session.created`. */
      readonly event: string;
      readonly about: string;
      readonly weight: 'quiet' | 'change' | 'alarm';
      readonly outcome: 'done' | 'refused' | 'failed';
      readonly reason: string | undefined;
      readonly session: string | undefined;
      readonly network: string | undefined;
      readonly who: string | undefined;
      readonly by: string | undefined;
      readonly facts: readonly (readonly [name: string, value: string])[];
    };

export function recordRow(row: RecordRowView, now: number): Html {
  if (!row.readable)
    return html`<li class="entry alarm" id="e${row.seq}"><p class="what">Entry ${row.seq} cannot be read.</p></li>`;
  const { seq, at, event, about, weight, outcome, reason, session, network, who, by, facts } = row;
  const details: Content[] = [
    reason !== undefined && html`<span>${reason}</span>`,
    network !== undefined && html`<span>from ${network}</span>`,
    ...facts.map(([name, value]) => html`<span>${name}: ${value}</span>`),
    session !== undefined &&
      html`<span>session <a href="/record?handle=${session}"><code>${session}</code></a></span>`,
  ].filter((part) => part !== false);
  return html`<li class="entry ${weight}" id="e${seq}">
<p class="when small">${timeAgo(at, now)}</p>
<div class="what"><p>${weight === 'alarm' && html`<strong class="mark">Alarm</strong> `}${about}${outcome !== 'done' && html` <span class="outcome">${outcome === 'refused' ? 'Refused.' : 'It failed.'}</span>`}</p>
${(who !== undefined || by !== undefined) && html`<p class="whom">${who !== undefined && address(who)}${by !== undefined && html`<span class="muted">${who === undefined ? 'by ' : ', by '}${address(by)}</span>`}</p>`}
<p class="small muted details"><code>${event}</code>${details}</p></div>
<p class="seq small muted"><span class="visually-hidden">Entry </span>${seq}</p>
</li>`;
}
