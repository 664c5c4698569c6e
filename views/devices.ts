// Where a member is signed in: this device first, then the others, each with a button that ends it.
import { count } from './format.ts';
import { type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { card, empty, notice } from './parts.ts';
import {
  closeButtons,
  endButton,
  linkMeanings,
  type SessionItem,
  sessionList,
  signOutHere,
} from './session-row.ts';

export interface DevicesProps {
  readonly now: number;
  readonly current: SessionItem;
  /** Live sessions only, most recently seen first. */
  readonly others: readonly SessionItem[];
  /** Whether the form that led to the page closed an app. */
  readonly closed?: boolean;
}

/** Forms: POST `/devices/end` (urlencoded): `_csrf`, `handle`; POST `/logout` for this device. */
export function devices(frame: Frame, { now, current, others, closed = false }: DevicesProps): Html {
  return layout(
    frame,
    {
      title: 'Where you are signed in',
      lead: 'Every device that is signed in to this site as you. Sign out any that you do not know or do not use any more.',
    },
    html`${closed && closedNotice(frame)}${card('This device', sessionList(frame, [current], now, { actions: () => signOutHere(frame), closing: closeButtons(frame) }))}
${others.length === 0 ? nobodyElse(frame) : othersCard(frame, others, now)}
${linkMeanings(frame, [current, ...others])}`,
  );
}

function closedNotice(frame: Frame): Html {
  return html`<div role="status">${notice(frame, 'good', 'The app is closed on that device.', html`<p>The device stays signed in, so the app can be opened there again. To keep the device out, sign it out.</p>`)}</div>`;
}

function othersCard(frame: Frame, others: readonly SessionItem[], now: number): Html {
  const list = sessionList(frame, others, now, {
    actions: endButton(frame, '/devices/end', 'Sign out this device'),
    closing: closeButtons(frame),
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
