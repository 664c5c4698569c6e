// The few parts that every page is built from. No inline styles: lengths are SVG attributes, the CSP forbids the rest.
import { ago, ahead, exact, iso } from './format.ts';
import { type Content, type Html, html, raw } from './html.ts';

/** The part of the frame that icons need. */
interface Assets {
  readonly asset: (name: string) => string;
}

export type IconName =
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

/** Always beside words, so hidden from screen readers. */
export function icon({ asset }: Assets, name: IconName): Html {
  const known = icons.get(asset) ?? new Map<IconName, Html>();
  icons.set(asset, known);
  const found =
    known.get(name) ??
    html`<svg class="icon" width="24" height="24" aria-hidden="true"><use href="${asset('icons.svg')}#${name}"/></svg>`;
  known.set(name, found);
  return found;
}

/** A device in the words that a person knows it by. */
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

/** `state` stands beside the title. */
export function card(title: Content, body: Content, state?: Content): Html {
  return html`<section class="card"><div class="spread"><h2>${title}</h2>${state}</div>${body}</section>`;
}

export type Tone = 'good' | 'weak' | 'bad' | 'unknown' | 'info';

/** A state as a word and a shape; the colour only repeats them. */
export function pill(assets: Assets, tone: Tone, word: Content): Html {
  return html`<span class="pill ${tone}">${icon(assets, tone)}${word}</span>`;
}

/** A word that is a fact, not a judgement. */
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
  /** What the bar says, in words; stands beside it. */
  readonly text: string;
  readonly tone?: 'calm' | 'weak' | 'bad';
}

export function meter(props: MeterProps): Html {
  const share = props.max > 0 ? Math.min(1, Math.max(0, props.value / props.max)) : 0;
  const percent = Math.round(share * 1000) / 10;
  // A sliver stays visible, so that "a little left" does not look like "nothing".
  const shown = percent > 0 ? Math.max(percent, 1.5) : 0;
  return html`<div class="meter ${props.tone ?? 'calm'}" role="meter" aria-label="${props.label}" aria-valuemin="0" aria-valuemax="100" aria-valuenow="${percent}" aria-valuetext="${props.text}"><svg width="100%" height="8" aria-hidden="true"><rect class="track" width="100%" height="8" rx="4"/><rect class="fill" width="${shown}%" height="8" rx="4"/></svg></div>`;
}

/** @param words only from `format.ts`, whose words contain no markup */
function time(at: number, words: string): Html {
  return raw(`<time datetime="${iso(at)}" title="${exact(at)}">${words}</time>`);
}

/** "2 minutes ago", the exact time in its title. */
export function timeAgo(at: number, now: number): Html {
  return time(at, ago(at, now));
}

/** "in 5 days", the exact time in its title. */
export function timeAhead(at: number, now: number): Html {
  return time(at, ahead(at, now));
}

/** The exact time as text, for where no pointer can hover; the script makes it local. */
export function timeExact(at: number): Html {
  return raw(`<time datetime="${iso(at)}" data-local>${exact(at)}</time>`);
}

/** A handle, fingerprint or id; the button shows only where the script runs. */
export function copyable(assets: Assets, text: string, what: string): Html {
  return html`<span class="copyable"><code>${text}</code><button type="button" class="quiet" data-copy="${text}" aria-label="Copy ${what}">${icon(assets, 'copy')}</button></span>`;
}

/** An e-mail address as text; a long one may break before its `@` and dots instead of anywhere. */
export function address(email: string): Content {
  if (email.length < 24) return email;
  return email.split(/(?=[@.])/).map((part, i) => (i === 0 ? part : html`<wbr>${part}`));
}

/** Text in which `backticks` mark names of cookies and settings. */
export function prose(text: string): Content {
  return text.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part));
}

const themes = [
  ['auto', 'System', 'auto'],
  ['light', 'Light', 'sun'],
  ['dark', 'Dark', 'moon'],
] as const;

/** The three-way choice of the look; `theme` in the form that holds it. */
export function themeChoice(assets: Assets, chosen: 'auto' | 'light' | 'dark', legend: Content): Html {
  return html`<fieldset class="segments"><legend>${legend}</legend><div>${themes.map(
    ([value, label, name]) =>
      html`<label><input type="radio" name="theme" value="${value}"${value === chosen && html` checked`}>${icon(assets, name)}<span>${label}</span></label>`,
  )}</div></fieldset>`;
}
