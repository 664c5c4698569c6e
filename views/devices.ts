// Where a member is signed in: this device first, then the others, each with a button that ends it.
import { count } from './format.ts';
import { type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { card, empty } from './parts.ts';
import { endButton, linkMeanings, type SessionItem, sessionList, signOutHere } from './session-row.ts';

export interface DevicesProps {
  readonly now: number;
  readonly current: SessionItem;
  /** Live sessions only, most recently seen first. */
  readonly others: readonly SessionItem[];
}

/** Forms: POST `/devices/end` (urlencoded): `_csrf`, `handle`; POST `/logout` for this device. */
export function devices(frame: Frame, { now, current, others }: DevicesProps): Html {
  return layout(
    frame,
    {
      title: 'Where you are signed in',
      lead: 'Every device that is signed in to this site as you. Sign out any that you do not know or do not use any more.',
    },
    html`${card('This device', sessionList(frame, [current], now, { actions: () => signOutHere(frame) }))}
${others.length === 0 ? nobodyElse(frame) : othersCard(frame, others, now)}
${linkMeanings(frame, [current, ...others])}`,
  );
}

function othersCard(frame: Frame, others: readonly SessionItem[], now: number): Html {
  const list = sessionList(frame, others, now, {
    actions: endButton(frame, '/devices/end', 'Sign out this device'),
  });
  const all = html`<a class="button" href="/devices/end-others">Sign out all other devices</a>`;
  const title = others.length === 1 ? 'One other device' : `${count(others.length)} other devices`;
  return card(title, list, others.length > 1 && all);
}

function nobodyElse(frame: Frame): Html {
  return empty(
    frame,
    'devices',
    'No other device is signed in',
    'When you sign in somewhere else, that device stands here, with when and from where, so that you can sign it out from this one.',
  );
}
