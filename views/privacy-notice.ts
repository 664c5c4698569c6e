// The public privacy notice: what is stored, why, and for how long. Generated from what the program really stores.
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { card, empty, icon, prose } from './parts.ts';

export interface StoredItem {
  /** "Session cookie `__Host-session`". */
  readonly what: string;
  readonly why: string;
  readonly howLong: string;
  readonly where: 'your browser' | 'this server' | 'Google';
}

export interface PrivacyNoticeProps {
  readonly consent: 'notice' | 'required';
  readonly items: readonly StoredItem[];
}

const places: readonly (readonly [StoredItem['where'], string])[] = [
  ['your browser', 'In your browser'],
  ['this server', 'On this server'],
  ['Google', 'At Google'],
];

// The rail also links to this page, which has no rail itself.
const same = html`It is the same page for everyone, signed in or not. <a href="/dashboard">Go to the dashboard</a>`;

export function privacyNotice(frame: Frame, props: PrivacyNoticeProps): Html {
  return layout(
    frame,
    {
      title: 'Privacy notice',
      heading: 'What is stored, why and for how long',
      lead:
        props.consent === 'required'
          ? html`Nothing is stored in a visitor’s browser unless they agree. Nothing is used for advertising. ${same}`
          : html`Only what signing in and your own choices need. Nothing is used for advertising. ${same}`,
    },
    props.items.length === 0
      ? empty(
          frame,
          'shield',
          'Nothing is stored',
          'What is stored would stand here, with its reason and its end.',
        )
      : places.map(([where, title]) =>
          group(
            frame,
            title,
            props.items.filter((item) => item.where === where),
          ),
        ),
  );
}

function group(frame: Frame, title: string, items: readonly StoredItem[]): Content {
  if (items.length === 0) return undefined;
  return card(
    title,
    html`<ul class="stored">${items.map(
      (item) =>
        html`<li><p class="strong">${prose(item.what)}</p><p class="why muted">${prose(item.why)}</p><p class="long small">${icon(frame, 'clock')}<span><span class="visually-hidden">How long: </span>${prose(item.howLong)}</span></p></li>`,
    )}</ul>`,
  );
}
