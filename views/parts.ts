// The few parts that every page is built from. No inline styles, because the CSP forbids them: lengths are SVG attributes.
import type { AppIcon } from './app-icons.ts';
import { ago, ahead, exact, iso } from './format.ts';
import { type Content, type Html, html, raw } from './html.ts';

/** The part of the frame that icons need. */
interface Assets {
  readonly asset: (name: string) => string;
}

export type IconName =
  | `app-${AppIcon}`
  | 'apps'
  | 'arrow'
  | 'auto'
  | 'bad'
  | 'checkup'
  | 'clock'
  | 'cookie'
  | 'copy'
  | 'dashboard'
  | 'desktop'
  | 'device'
  | 'devices'
  | 'file'
  | 'good'
  | 'info'
  | 'key'
  | 'lamp'
  | 'library'
  | 'moon'
  | 'more'
  | 'people'
  | 'phone'
  | 'radar'
  | 'record'
  | 'refresh'
  | 'rules'
  | 'search'
  | 'settings'
  | 'shield'
  | 'sign-out'
  | 'sun'
  | 'tablet'
  | 'unknown'
  | 'vault'
  | 'weak';

/** The markup of each icon, by the function that gives the path of its file: a server has one of those. */
const icons = new WeakMap<Assets['asset'], Map<IconName, Html>>();

/** Always next to its text, so hidden from screen readers. */
export function icon({ asset }: Assets, name: IconName): Html {
  const known = icons.get(asset) ?? new Map<IconName, Html>();
  const found = known.get(name);
  if (found) return found;
  const made = html`<svg class="icon" width="24" height="24" aria-hidden="true"><use href="${asset('icons.svg')}#${name}"/></svg>`;
  icons.set(asset, known.set(name, made));
  return made;
}

/** A device in terms that its owner recognises. */
export interface Device {
  /** "Firefox", or "Unknown browser". */
  readonly browser: string;
  /** "Windows", or "unknown system". */
  readonly os: string;
  readonly kind: 'desktop' | 'mobile' | 'tablet' | 'bot' | 'unknown';
}

const deviceIcons = {
  desktop: 'desktop',
  mobile: 'phone',
  tablet: 'tablet',
  bot: 'device',
  unknown: 'device',
} as const satisfies Record<string, IconName>;

export function deviceIcon(assets: Assets, kind: keyof typeof deviceIcons): Html {
  return icon(assets, deviceIcons[kind]);
}

/** `state` is shown next to the title. */
export function card(title: Content, body: Content, state?: Content): Html {
  return html`<section class="card"><div class="spread"><h2>${title}</h2>${state}</div>${body}</section>`;
}

export type Tone = 'good' | 'weak' | 'bad' | 'unknown' | 'info';

/** A state as a word and a shape; the colour only repeats what they say. */
export function pill(assets: Assets, tone: Tone, word: Content): Html {
  return html`<span class="pill ${tone}">${icon(assets, tone)}${word}</span>`;
}

/** A word that states a fact, not a judgement. */
export function tag(word: Content): Html {
  return html`<span class="pill">${word}</span>`;
}

export function notice(assets: Assets, tone: Tone, title: Content, body?: Content): Html {
  return html`<div class="notice ${tone}">${icon(assets, tone)}<div><p class="strong">${title}</p>${body}</div></div>`;
}

export function empty(assets: Assets, name: IconName, title: Content, text: Content): Html {
  return html`<div class="empty">${icon(assets, name)}<h2>${title}</h2><p class="muted">${text}</p></div>`;
}

/** A key-value list. */
export function facts(rows: readonly (readonly [label: Content, value: Content])[]): Html {
  return html`<dl class="facts">${rows.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;
}

export interface MeterProps {
  readonly label: string;
  readonly value: number;
  readonly max: number;
  /** What the bar shows, in words; displayed next to it. */
  readonly text: string;
  readonly tone?: 'calm' | 'weak' | 'bad';
}

export function meter(props: MeterProps): Html {
  const share = props.max > 0 ? Math.min(1, Math.max(0, props.value / props.max)) : 0;
  const percent = Math.round(share * 1000) / 10;
  // A sliver stays visible, so that "a little left" does not look like "nothing left".
  const shown = percent > 0 ? Math.max(percent, 1.5) : 0;
  return html`<div class="meter ${props.tone ?? 'calm'}" role="meter" aria-label="${props.label}" aria-valuemin="0" aria-valuemax="100" aria-valuenow="${percent}" aria-valuetext="${props.text}"><svg width="100%" height="8" aria-hidden="true"><rect class="track" width="100%" height="8" rx="4"/><rect class="fill" width="${shown}%" height="8" rx="4"/></svg></div>`;
}

/** @param words only from `format.ts`, whose words contain no markup */
function time(at: number, words: string): Html {
  return raw(`<time datetime="${iso(at)}" title="${exact(at)}">${words}</time>`);
}

/** "2 minutes ago", with the exact time in its title. */
export function timeAgo(at: number, now: number): Html {
  return time(at, ago(at, now));
}

/** "in 5 days", with the exact time in its title. */
export function timeAhead(at: number, now: number): Html {
  return time(at, ahead(at, now));
}

/** The exact time as text, for devices that cannot hover; the script converts it to local time. */
export function timeExact(at: number): Html {
  return raw(`<time datetime="${iso(at)}" data-local>${exact(at)}</time>`);
}

/** A handle, fingerprint or id with a copy button, which appears only if the script runs. */
export function copyable(assets: Assets, text: string, what: string): Html {
  return html`<span class="copyable"><code>${text}</code><button type="button" class="quiet" data-copy="${text}" aria-label="Copy ${what}">${icon(assets, 'copy')}</button></span>`;
}

/** An e-mail address as text; a long one may wrap before its `@` and dots, but nowhere else. */
export function address(email: string): Content {
  if (email.length < 24) return email;
  return email.split(/(?=[@.])/).map((part, i) => (i === 0 ? part : html`<wbr>${part}`));
}

/** Text in which `backticks` mark cookie names and settings. */
export function prose(text: string): Content {
  return text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part));
}

const themes = [
  ['auto', 'System', 'auto'],
  ['light', 'Light', 'sun'],
  ['dark', 'Dark', 'moon'],
] as const;

/** The choice of light, dark or automatic; `theme` in the form that contains it. */
export function themeChoice(assets: Assets, chosen: 'auto' | 'light' | 'dark', legend: Content): Html {
  return html`<fieldset class="segments"><legend>${legend}</legend><div>${themes.map(
    ([value, label, name]) =>
      html`<label><input type="radio" name="theme" value="${value}"${value === chosen && html` checked`}>${icon(assets, name)}<span>${label}</span></label>`,
  )}</div></fieldset>`;
}

/** What is still pending after a revocation although the record or the store could not be written. `note`: the entry in the record. `row`: also the ended session in the store. */
export type Follows = 'note' | 'row';

const followsWords: Record<Follows, readonly [title: string, text: string]> = {
  note: [
    'Signed out; the note of it follows',
    'The record cannot be written right now. The entry for this is kept on the server and is added as soon as the record can be written.',
  ],
  row: [
    'Signed out here; the rest follows',
    'The session store takes no changes right now. This server refuses the session from now on, also after a restart, and ends it in the store as soon as it can. Until then, other servers of this site and other apps behind the same gate may still accept it.',
  ],
};

export function followsNotice(assets: Assets, follows: Follows | undefined): Html | undefined {
  if (!follows) return undefined;
  const [title, text] = followsWords[follows];
  return html`<div role="status">${notice(assets, follows === 'row' ? 'weak' : 'unknown', title, html`<p class="muted small">${text}</p>`)}</div>`;
}
