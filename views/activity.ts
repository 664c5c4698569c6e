// A member's own part of the record, in plain words.
import { deviceName } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { card, empty, timeAgo } from './parts.ts';

export interface ActivityItem {
  readonly seq: number;
  readonly at: number;
  readonly weight: 'quiet' | 'change' | 'alarm';
  readonly words: string;
  readonly reason: string | undefined;
  readonly network: string | undefined;
  readonly session: string | undefined;
  readonly device: { readonly browser: string; readonly os: string } | undefined;
  /** Whether somebody else, an operator, did it. */
  readonly bySomebodyElse: boolean;
}

export interface ActivityProps {
  readonly now: number;
  readonly items: readonly ActivityItem[];
  readonly next: string | undefined;
  readonly isLater: boolean;
}

/** Why a session ended, in everyday words. */
const reasons: Readonly<Record<string, string>> = {
  idle: 'Nothing happened there for a while.',
  expired: 'It reached its last day.',
  signed_out: 'You signed out there.',
  revoked: 'You ended it from another device.',
  revoked_by_operator: 'An operator ended it.',
  replayed: 'A copy of its cookie was used.',
  too_many: 'There were more sessions than are allowed at once.',
  device_changed: 'Its browser or network changed.',
  gate_limit: 'The gate’s limits were reached.',
  superseded: 'A newer session began in the same browser.',
  access_removed: 'Your address was taken off the list.',
  person_changed: 'Another account signed in there.',
};

export function activity(frame: Frame, props: ActivityProps): Html {
  const { items, now, next, isLater } = props;
  return layout(
    frame,
    {
      title: 'What happened on your account',
      lead: 'If something here was not you, end that device and change your Google password.',
    },
    html`${
      items.length === 0
        ? empty(frame, 'clock', 'Nothing is recorded here', 'Sign-ins and sign-outs will stand here.')
        : card(
            'Activity',
            html`<ol class="entries">${items.map((item) => row(item, now))}</ol>`,
            html`<a class="small" href="/devices">Your devices</a>`,
          )
    }
${pages(next, isLater)}`,
  );
}

function row(
  { at, weight, words, reason, network, device, bySomebodyElse }: ActivityItem,
  now: number,
): Html {
  const why = reason === undefined ? undefined : reasons[reason];
  const where: Content[] = [
    device && html`<span>${deviceName(device)}</span>`,
    network !== undefined && html`<span>from ${network}</span>`,
  ];
  return html`<li class="entry ${weight}">
<p class="when small">${timeAgo(at, now)}</p>
<div class="what"><p>${weight === 'alarm' && html`<strong class="mark">Look at this</strong> `}${words}${why !== undefined && html` <span class="muted">${why}</span>`}</p>
${(device !== undefined || network !== undefined || bySomebodyElse) && html`<p class="small muted details">${where}${bySomebodyElse && html`<span>by an operator</span>`}</p>`}</div>
</li>`;
}

function pages(next: string | undefined, isLater: boolean): Content {
  if (next === undefined && !isLater) return undefined;
  return html`<nav class="pages" aria-label="Pages">${isLater && html`<a class="button" href="/activity">First page</a>`}${next !== undefined && html`<a class="button" href="/activity?cursor=${next}" rel="next">Next page</a>`}</nav>`;
}
