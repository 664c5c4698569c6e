// The gate's own sessions, for operators: includes people who never opened the dashboard, and other apps behind the same gate.
import { count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import type { Frame } from './layout.ts';
import { address, card, icon, notice, tag, timeAgo, timeAhead } from './parts.ts';

export interface GateSessionItem {
  /** The beginning of its key, enough to tell it apart from others. */
  readonly key: string;
  /** The subject and the address; absent if unknown. */
  readonly person?: string | undefined;
  readonly email?: string | undefined;
  readonly lastUsedAt?: number | undefined;
  readonly refreshedAt?: number | undefined;
  readonly expiresAt?: number | undefined;
  /** Whether it has reached Gatehouse; absent if unknown. */
  readonly inApp?: boolean;
}

export interface GateSessionsProps {
  readonly sessions: readonly GateSessionItem[];
  /** Counts all sessions, even if the list is truncated. */
  readonly totals: { readonly sessions: number; readonly inApp?: number | undefined };
  /** When the full list was last read; absent while the first read is in progress. */
  readonly readAt?: number | undefined;
  /** Whether the last attempt to read failed. */
  readonly failed?: boolean;
  readonly cannotReach: string;
  /** The governor's last run; undefined if it is off, or another replica runs it. */
  readonly governor?:
    | {
        readonly at: number;
        readonly isDryRun: boolean;
        readonly keys: readonly string[];
        readonly reasons: string;
      }
    | undefined;
}

export function gateSessions(frame: Frame, props: GateSessionsProps, now: number): Html {
  const { sessions, totals, readAt, failed, cannotReach } = props;
  const rest = totals.sessions - sessions.length;
  const inApp = totals.inApp !== undefined && `, ${count(totals.inApp)} of them seen here`;
  return card(
    'At the gate',
    html`<p class="muted">${totals.sessions === 0 ? 'The gate holds no session.' : html`${count(totals.sessions)} ${totals.sessions === 1 ? 'session' : 'sessions'}${inApp}, also of other apps behind the same gate.`} ${readAt === undefined ? 'They are being read for the first time.' : html`Read ${timeAgo(readAt, now)}.`}</p>
${failed === true && notice(frame, 'weak', 'The gate’s store does not answer.', html`<p>This is what was read last.</p>`)}
${sessions.length > 0 && html`<ul class="sessions gate">${sessions.map((item) => row(frame, item, now))}</ul>`}
${rest > 0 && html`<p class="muted small">and ${count(rest)} more</p>`}
${props.governor && governorLine(props.governor, now)}
<p class="muted small">${cannotReach}</p>`,
  );
}

function governorLine(
  { at, isDryRun, keys, reasons }: NonNullable<GateSessionsProps['governor']>,
  now: number,
): Html {
  if (keys.length === 0)
    return html`<p class="muted small">The governor found nothing beyond its limits, ${timeAgo(at, now)}.</p>`;
  const verb = isDryRun ? 'would end' : 'ended';
  return html`<p>The governor ${verb} ${count(keys.length)} ${keys.length === 1 ? 'session' : 'sessions'}, ${timeAgo(at, now)} (${reasons}): <code>${keys.slice(0, 20).join(', ')}</code></p>`;
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
<div class="pills">${inApp !== undefined && tag(inApp ? 'Seen here' : 'Not seen here')}</div></li>`;
}
