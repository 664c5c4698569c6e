// A session as a row: the device, where and since when, its gate link, and one action. Shared by members' and operators' pages.

import { count, deviceName } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import type { Frame } from './layout.ts';
import { address, type Device, deviceIcon, pill, tag, timeAgo, timeAhead } from './parts.ts';

/** `verified`: its session at the gate is known; `cookie`: only its cookie is known; `unverified`: neither is. */
export type GateLinkState = 'verified' | 'cookie' | 'unverified';

export interface SessionItem {
  readonly handle: string;
  readonly email: string;
  readonly device: Device;
  /** The full address. */
  readonly network: string;
  readonly createdAt: number;
  readonly lastSeenAt: number;
  /** The absolute limit of the session. */
  readonly expiresAt: number;
  readonly gate: GateLinkState;
  /** Whether it is the session that made this request. */
  readonly current: boolean;
  /** Which apps it used, the latest first; absent: the guard is off. */
  readonly apps?: readonly AppUsed[];
}

/** An app that a session used. */
export interface AppUsed {
  readonly name: string;
  readonly title: string;
  /** When, in milliseconds. */
  readonly at: number;
  /** Whether it is open there, so that it can be closed. */
  readonly isOpen: boolean;
}

/** How many apps a row names; the rest are only counted. */
const named = 4;

const linkPills = {
  verified: { tone: 'good', word: 'Linked to its Google session' },
  cookie: { tone: 'unknown', word: 'Linked by its cookie only' },
  unverified: { tone: 'unknown', word: 'Not verified' },
} as const;

const meanings: Record<GateLinkState, string> = {
  verified: 'Linked to its Google session: signing out here ends it at the gate too.',
  cookie:
    'Linked by its cookie only: the gate keeps nothing that could be ended, so this site refuses the cookie instead.',
  unverified:
    'Not verified: which session at the gate belongs to it is not known, so signing out may end it on this site only.',
};

/** The rows; `person` renders whose session it is, `actions` what can be done with it. */
export function sessionList(
  frame: Frame,
  items: readonly SessionItem[],
  now: number,
  {
    person = false,
    actions,
    closing,
  }: {
    person?: boolean;
    actions: (item: SessionItem) => Content;
    /** What closes an app of a row; absent: nothing does. */
    closing?: (item: SessionItem) => Content;
  },
): Html {
  const pills = frame.devMode
    ? undefined
    : {
        verified: linkPill(frame, 'verified'),
        cookie: linkPill(frame, 'cookie'),
        unverified: linkPill(frame, 'unverified'),
      };
  return html`<ul class="sessions">${items.map((item) => row(frame, item, now, person, pills?.[item.gate], actions(item), closing?.(item)))}</ul>`;
}

function linkPill(frame: Frame, state: GateLinkState): Html {
  const { tone, word } = linkPills[state];
  return pill(frame, tone, word);
}

function row(
  frame: Frame,
  item: SessionItem,
  now: number,
  person: boolean,
  link: Content,
  actions: Content,
  closing: Content,
): Html {
  const { device, network, createdAt, lastSeenAt, expiresAt, current } = item;
  const way = frame.devMode ? 'without a gate' : 'with Google, through the gate';
  const name = person
    ? html`<p class="strong">${address(item.email)}</p>`
    : html`<p class="strong device">${deviceName(device)}</p>`;
  return html`<li>${deviceIcon(frame, device.kind)}<div class="row-text"><div class="row-name">${name}<div class="pills">${person && current && tag('This device')}${link}</div></div>
${person && html`<p class="device">${deviceName(device)}</p>`}
<p class="muted small">${network} · last seen ${current ? 'now' : timeAgo(lastSeenAt, now)}</p>
<p class="muted small">Signed in ${timeAgo(createdAt, now)} ${way} · ends ${timeAhead(expiresAt, now)}</p>${appsUsed(item, now)}${closing}</div>
<div class="row-actions">${actions}</div></li>`;
}

function appsUsed({ apps = [] }: SessionItem, now: number): Content {
  if (apps.length === 0) return undefined;
  const rest = apps.length - named;
  return html`<p class="muted small">Apps: ${apps
    .slice(0, named)
    .map(
      ({ title, at }, i) => html`${i > 0 && ' · '}${title}, ${timeAgo(at, now)}`,
    )}${rest > 0 && ` · ${count(rest)} more`}</p>`;
}

/** The forms that close an app on one device. POST `/devices/close` (urlencoded): `_csrf`, `handle`, `app`. */
export function closeButtons(frame: Frame): (item: SessionItem) => Content {
  const csrf = token(frame);
  return ({ handle, device, apps = [] }) => {
    const open = apps.filter(({ isOpen }) => isOpen);
    return (
      open.length > 0 &&
      html`<details class="close-apps"><summary class="small">Close an app here<span class="visually-hidden">: ${deviceName(device)}</span></summary>
<form method="post" action="/devices/close">${csrf}<input type="hidden" name="handle" value="${handle}">${open.map(({ name, title }) => html`<button type="submit" name="app" value="${name}">Close ${title}</button>`)}</form></details>`
    );
  };
}

/** Explains each pill that occurs in these rows, once. */
export function linkMeanings(frame: Frame, items: readonly SessionItem[]): Content {
  if (frame.devMode) return undefined;
  const shown = (Object.keys(meanings) as GateLinkState[]).filter((state) =>
    items.some(({ gate }) => gate === state),
  );
  return (
    shown.length > 0 &&
    html`<ul class="meanings muted small">${shown.map((state) => html`<li>${meanings[state]}</li>`)}</ul>`
  );
}

/** Signs out this device's own session, like the button in the rail. */
export function signOutHere(frame: Frame): Html {
  return html`<form method="post" action="/logout?sent=1">${token(frame)}<button type="submit">Sign out this device</button></form>`;
}

/**
 * A button that ends one session; its label for screen readers names the session.
 * @returns a function that gives the button of a row
 */
export function endButton(frame: Frame, action: string, label: string): (item: SessionItem) => Html {
  const csrf = token(frame);
  return ({ handle, device, email }) =>
    html`<form method="post" action="${action}">${csrf}<input type="hidden" name="handle" value="${handle}"><button type="submit">${label}<span class="visually-hidden">: ${deviceName(device)}, ${email}</span></button></form>`;
}

export function token(frame: Frame): Html {
  return html`<input type="hidden" name="_csrf" value="${frame.csrfToken}">`;
}
