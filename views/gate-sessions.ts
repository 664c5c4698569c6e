// The gate's own sessions, for operators: also of people who never opened the dashboard, and of other apps behind the same gate.
import { count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import type { Frame } from './layout.ts';
import { address, card, icon, tag, timeAgo, timeAhead } from './parts.ts';

export interface GateSessionItem {
  /** The beginning of its key, enough to tell it from others. */
  readonly key: string;
  /** The subject, and the address; absent where they are not known. */
  readonly person?: string;
  readonly email?: string;
  readonly lastUsedAt?: number;
  readonly refreshedAt?: number;
  readonly expiresAt?: number;
  /** Whether a session of this site is tied to it. */
  readonly inApp: boolean;
}

export interface GateSessionsProps {
  readonly sessions: readonly GateSessionItem[];
  /** Of all, also where the list is cut short. */
  readonly totals: { readonly sessions: number; readonly inApp: number };
  readonly cannotReach: string;
}

export function gateSessions(frame: Frame, props: GateSessionsProps, now: number): Html {
  const { sessions, totals, cannotReach } = props;
  const rest = totals.sessions - sessions.length;
  return card(
    'At the gate',
    html`<p class="muted">${totals.sessions === 0 ? 'The gate holds no session.' : `${count(totals.sessions)} sessions, ${count(totals.inApp)} of them tied to a session above.`} <span class="small">${cannotReach}</span></p>
${sessions.length > 0 && html`<ul class="sessions gate">${sessions.map((item) => row(frame, item, now))}</ul>`}
${rest > 0 && html`<p class="muted small">and ${count(rest)} more</p>`}`,
  );
}

function row(frame: Frame, item: GateSessionItem, now: number): Html {
  const { key, person, email, lastUsedAt, refreshedAt, expiresAt, inApp } = item;
  const who = email ?? person;
  const times: Content[] = [
    lastUsedAt !== undefined && html`last used ${timeAgo(lastUsedAt, now)}`,
    refreshedAt !== undefined && html`refreshed ${timeAgo(refreshedAt, now)}`,
    expiresAt !== undefined && html`ends ${timeAhead(expiresAt, now)}`,
  ].filter((part) => part !== false);
  return html`<li>${icon(frame, 'shield')}<div class="row-text"><p class="${who === undefined ? 'muted' : 'strong'}">${who === undefined ? 'Nobody known here' : address(who)}</p>
<p class="muted small"><code>${key}</code>${times.map((part) => html` · ${part}`)}</p></div>
<div class="pills">${inApp ? tag('Open here') : tag('Not seen here')}</div></li>`;
}
