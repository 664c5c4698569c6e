// The first page behind the gate: who you are, this session, and both of our own cookies with the time they have left.
import { type DayCount, type EveryonesCharts, everyonesCharts, ownChart } from './charts.ts';
import { deviceName, duration, remaining } from './format.ts';
import { type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { type NewDevice, newDevices, replayNotice } from './new-devices.ts';
import {
  address,
  card,
  copyable,
  type Device,
  deviceIcon,
  facts,
  icon,
  meter,
  notice,
  pill,
  timeAgo,
  timeAhead,
  timeExact,
} from './parts.ts';

export interface CookieClock {
  /** "Session cookie" or "Visitor cookie". */
  readonly label: string;
  readonly name: string;
  /** Its purpose, in a few words. */
  readonly purpose: string;
  /** Milliseconds until it ends, by the server's clock; undefined if this browser did not send it. */
  readonly leftMs: number | undefined;
  /** Its whole lifetime, milliseconds. */
  readonly lifetimeMs: number;
}

export interface DashboardProps {
  readonly now: number;
  readonly person: { readonly id: string; readonly email: string; readonly operator: boolean };
  readonly session: {
    readonly handle: string;
    readonly device: Device;
    /** The full address, shown to its owner. */
    readonly network: string;
    readonly createdAt: number;
    readonly lastSeenAt: number;
    /** The absolute limit of the session. */
    readonly expiresAt: number;
    /** When the session ends if it is not used again. */
    readonly idleEndsAt: number;
    readonly staySignedIn: boolean;
  };
  readonly cookies: readonly CookieClock[];
  /** The sign-in before this one; undefined for the first. */
  readonly previousSignIn:
    | { readonly at: number; readonly device: Device; readonly network: string }
    | undefined;
  /** Whether this page is the first after a sign-in. */
  readonly firstVisit: boolean;
  /** How this browser's previous session ended, if the person came back after that. */
  readonly endedBefore: { readonly at: number; readonly by: string | undefined } | undefined;
  /** Sign-ins on new devices that the reader has not acknowledged yet. */
  readonly newDevices: readonly NewDevice[];
  /** A replaced cookie of the reader's that was used again; undefined once acknowledged. */
  readonly replay: { readonly at: number; readonly device: Device } | undefined;
  /** Names of the secrets that operators should replace; empty for members. */
  readonly dueKeys: readonly string[];
  /** Everyone's numbers for operators, a member's own sign-ins, or neither. */
  readonly charts: { readonly everyone: EveryonesCharts } | { readonly own: readonly DayCount[] } | undefined;
}

export function dashboard(frame: Frame, props: DashboardProps): Html {
  const { session, now } = props;
  return layout(
    frame,
    {
      title: 'Dashboard',
      above: html`<span class="lamp">${icon(frame, 'lamp')}</span>`,
      heading: html`You are signed in as <span class="who">${address(props.person.email)}</span>`,
      lead: html`On ${deviceName(session.device)}, signed in ${timeAgo(session.createdAt, now)}. ${props.person.operator && html`This account is an operator.`}`,
    },
    html`${props.replay && replayNotice(frame, props.replay, now)}${newDevices(frame, props.newDevices, now)}${props.firstVisit && welcome(frame, props)}
<div class="columns">
<div>${sessionCard(frame, props)}</div>
<div>${cookiesCard(props)}${previousCard(frame, props)}</div>
</div>
${props.dueKeys.length > 0 && reminder(frame, props.dueKeys)}${props.charts && ('everyone' in props.charts ? everyonesCharts(props.charts.everyone) : ownChart(props.charts.own))}`,
  );
}

function reminder(frame: Frame, names: readonly string[]): Html {
  return notice(
    frame,
    'info',
    names.length === 1 ? 'A secret is due to be replaced' : `${names.length} secrets are due to be replaced`,
    html`<p>${names.map((name, i) => html`${i > 0 && ', '}<code>${name}</code>`)}. <a href="/keys">See the keys and the command for each</a></p>`,
  );
}

function welcome(frame: Frame, { session, now, endedBefore }: DashboardProps): Html {
  return notice(
    frame,
    'info',
    'You have just signed in on this device.',
    html`${endedBefore !== undefined && html`<p>The session that you had here before was ended ${timeAgo(endedBefore.at, now)}${endedBefore.by !== undefined && html`, by ${endedBefore.by}`}.</p>`}<p>This session ends by itself ${timeAhead(session.expiresAt, now)} at the latest. When this is not your own device, sign out before you leave it.</p>`,
  );
}

function sessionCard(frame: Frame, { session, now }: DashboardProps): Html {
  return card(
    'This session',
    html`<div class="row">${deviceIcon(frame, session.device.kind)}<div class="row-text"><p class="strong">${deviceName(session.device)}</p><p class="muted small">${session.network}</p></div></div>
${facts([
  ['Signed in', timeAgo(session.createdAt, now)],
  ['Last seen', timeAgo(session.lastSeenAt, now)],
  ['Ends', html`${timeAhead(session.expiresAt, now)} at the latest`],
  ['Ends if unused', timeAhead(session.idleEndsAt, now)],
  [
    'Stay signed in',
    html`${session.staySignedIn ? 'On' : 'Off: closing the browser signs you out'} <a href="/settings">Change</a>`,
  ],
  ['Handle', copyable(frame, session.handle, 'the handle of this session')],
])}`,
    pill(frame, 'good', 'This device'),
  );
}

function cookiesCard(props: DashboardProps): Html {
  return card(
    'Cookies of this site',
    html`<ul class="clocks">${props.cookies.map(clock)}</ul><p class="muted small">Measured by the server. <a href="/cookies">How each is protected</a></p>`,
  );
}

function clock(cookie: CookieClock): Html {
  const left = cookie.leftMs;
  const text = left === undefined ? 'not in this browser' : left <= 0 ? 'over' : `${remaining(left)} left`;
  return html`<li><p class="spread"><strong>${cookie.label}</strong><span class="number">${text}</span></p>
${meter({
  label: `Time left of ${cookie.name}`,
  value: left ?? 0,
  max: cookie.lifetimeMs,
  text: left === undefined ? text : `${text} of ${duration(cookie.lifetimeMs)}`,
  tone: left !== undefined && left < cookie.lifetimeMs / 10 ? 'weak' : 'calm',
})}
<p class="muted small"><code>${cookie.name}</code> · ${cookie.purpose}</p></li>`;
}

function previousCard(frame: Frame, props: DashboardProps): Html {
  const before = props.previousSignIn;
  if (before === undefined) {
    return card(
      'Last sign-in before this one',
      html`<p class="muted">This is the first one. From the next on, the one before it stands here, so that you would notice a sign-in that was not yours.</p>`,
    );
  }
  return card(
    'Last sign-in before this one',
    html`<div class="row">${deviceIcon(frame, before.device.kind)}<div class="row-text"><p class="strong">${timeAgo(before.at, props.now)} from ${deviceName(before.device)}</p><p class="muted small">${before.network} · ${timeExact(before.at)}</p></div></div>
<p class="muted">If that was not you, change the password of your Google account and <a href="https://myaccount.google.com/security" rel="noreferrer">look through its security page</a>.</p>`,
  );
}
