// This deployment's secrets, for operators: how old each is, which former keys are still accepted, and the command that replaces it. Shows
// no secret and has no button.
import { count, date, duration, exact } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { card, copyable, facts, pill, timeAgo, timeAhead } from './parts.ts';

export interface FormerKey {
  readonly fingerprint: string;
  /** When its successor came into use. */
  readonly outSince: number;
  /** When it was last used to verify something; absent if that is not tracked. */
  readonly lastUsedAt?: number | 'not since';
  /** When it may be removed. */
  readonly goesAt: number;
}

export interface KeyRow {
  readonly name: string;
  readonly protects: string;
  readonly state: 'fresh' | 'due soon' | 'due' | 'unknown' | 'outside';
  readonly age: { readonly kind: 'made' | 'seen'; readonly at: number } | { readonly kind: 'unknown' };
  readonly dueAt?: number | undefined;
  /** Absent if the secret is too short, or not known here. */
  readonly fingerprint?: string | undefined;
  readonly formers: readonly FormerKey[];
  /** The new key is accepted, but does not sign until every server knows it. */
  readonly waits: boolean;
  readonly command: string;
  readonly byHand: string | undefined;
  readonly takeOver: 'reload' | 'reload and gate' | 'gate' | 'restart' | 'all';
  readonly people: string | undefined;
}

export interface KeysProps {
  readonly now: number;
  readonly rows: readonly KeyRow[];
  /** Names of secrets that are not set. */
  readonly unused: readonly string[];
  readonly maxAgeMs: number;
  /** The process id of the server that answers, for sending it a signal. */
  readonly pid: number;
}

export function keys(frame: Frame, props: KeysProps): Html {
  const { rows, unused, now } = props;
  const due = rows.filter(({ state }) => state === 'due').length;
  const canGo = rows.some(({ formers }) => formers.some(({ goesAt }) => goesAt <= now));
  return layout(
    frame,
    {
      title: 'Keys and secrets',
      heading:
        due === 0 ? 'No secret is due' : due === 1 ? 'One secret is due' : `${count(due)} secrets are due`,
      lead: `Each is to be replaced every ${duration(props.maxAgeMs)}. That happens in a terminal in the folder of .env; this page shows fingerprints, and never a secret.`,
    },
    html`${rows.map((row) => keyCard(frame, row, now))}
${unused.length > 0 && html`<p class="muted small">Not in use: ${names(unused)}.</p>`}
${card('How the servers take it over', takeOver(frame, props.pid))}
<div class="columns">${card(canGo ? 'Former secrets can go' : 'Former secrets', formerWords(frame, canGo))}
${card('After a leak', html`<p class="muted">Replaces every secret at once and keeps no former one. Everyone is signed out.</p>${command(frame, 'node generate-secrets.ts --rotate all --emergency', 'the command for a leak')}`)}</div>`,
  );
}

function names(list: readonly string[]): Content {
  return list.map((name, i) => html`${i > 0 && ', '}<code>${name}</code>`);
}

const states = {
  fresh: ['good', 'Fresh'],
  'due soon': ['weak', 'Due soon'],
  due: ['bad', 'Due'],
  unknown: ['unknown', 'Age unknown'],
  outside: ['unknown', 'Not known to the app'],
} as const;

const restarts = {
  reload: 'Then let the servers take it over, as below. Nobody is signed out.',
  'reload and gate':
    'Then let the servers take it over, as below, and restart oauth2-proxy after them. Nobody is signed out.',
  gate: 'restart oauth2-proxy.',
  restart: 'restart the app.',
  all: 'restart Redis, oauth2-proxy and the app.',
} as const;

function afterwards({ takeOver, command: first }: KeyRow): string {
  if (takeOver === 'reload' || takeOver === 'reload and gate') return restarts[takeOver];
  return `${first.startsWith('docker compose') ? 'Without Compose,' : 'Then'} ${restarts[takeOver]}`;
}

function keyCard(frame: Frame, row: KeyRow, now: number): Html {
  const { name, protects, state, formers, waits, byHand, people } = row;
  const [tone, word] = states[state];
  const goes = formers.some(({ goesAt }) => goesAt <= now);
  const title = /^[A-Z\d_]+$/.test(name) ? html`<code>${name}</code>` : name;
  return card(
    title,
    html`<p class="muted under">${protects}</p>
<dl class="key-facts"><div><dt>Age</dt><dd>${ageWords(row, now)}</dd></div><div><dt>Due</dt><dd>${row.dueAt === undefined ? 'no date' : dueWords(row.dueAt, now)}</dd></div><div><dt>Fingerprint</dt><dd>${fingerprintWords(frame, row)}</dd></div></dl>
${facts([
  ...(waits
    ? [['In use', 'accepted; signs once every server accepts it. Until then the one before signs.'] as const]
    : []),
  ...(formers.length > 0
    ? [[`Former ${formers.length === 1 ? 'one' : 'ones'}`, formerList(formers, now)] as const]
    : []),
  [
    'To replace it',
    html`${byHand !== undefined && html`<p>${byHand}</p>`}${command(frame, row.command, `the command for ${name}`)}<p class="muted small">${afterwards(row)} ${people}</p>`,
  ],
])}`,
    html`<span class="pills">${goes && pill(frame, 'info', 'Former ones can go')}${pill(frame, tone, word)}</span>`,
  );
}

function ageWords({ age, state }: KeyRow, now: number): Content {
  if (age.kind === 'made') return html`made ${sinceWords(age.at, now)}`;
  if (age.kind === 'seen') return html`unknown; first seen ${day(age.at)}`;
  return state === 'outside' ? 'not known: only oauth2-proxy has it' : 'unknown';
}

/** A date without a time of day, because only the date is known. */
function sinceWords(at: number, now: number): Content {
  const days = Math.floor((now - at) / 86_400_000);
  if (days <= 0) return html`today, ${day(at)}`;
  return html`${count(days)} ${days === 1 ? 'day' : 'days'} ago, on ${day(at)}`;
}

function dueWords(at: number, now: number): Content {
  return at <= now ? html`since ${day(at)}` : html`${timeAhead(at, now)}, on ${day(at)}`;
}

function fingerprintWords(frame: Frame, { fingerprint, state, name }: KeyRow): Content {
  if (fingerprint !== undefined) return copyable(frame, fingerprint, `the fingerprint of ${name}`);
  return state === 'outside' ? 'not known to the app' : 'none: it is too short to show one safely';
}

function formerList(formers: readonly FormerKey[], now: number): Html {
  return html`<ul class="formers">${formers.map(
    ({ fingerprint, outSince, lastUsedAt, goesAt }) =>
      html`<li><code>${fingerprint}</code> <span class="muted">out of use since ${day(outSince)}; ${lastUsedAt !== undefined && html`${lastUsedAt === 'not since' ? 'not used since' : html`last used ${timeAgo(lastUsedAt, now)}`}; `}</span> ${goesAt <= now ? html`<strong>can go since ${day(goesAt)}</strong>` : html`can go from ${day(goesAt)}`}</li>`,
  )}</ul>`;
}

function takeOver(frame: Frame, pid: number): Html {
  return facts([
    [
      'With npm start',
      html`${command(frame, `kill -HUP ${pid}`, 'the command for npm start')}<p class="muted small">Each server reads .env again; no request is refused. ${pid} is the one that made this page: with several, send it to each. Settings that are no secret need a restart, and the log names them. On Windows, restart.</p>`,
    ],
    [
      'With Compose',
      html`${command(frame, 'docker compose up -d --wait', 'the command for Compose')}<p class="muted small">Starts anew what uses a changed value.</p>`,
    ],
  ]);
}

function formerWords(frame: Frame, canGo: boolean): Html {
  return html`<p class="muted">${canGo ? 'What they signed is over, so nobody is signed out when they go.' : 'They are accepted until what they signed is over. Dropped earlier, they sign people out.'}</p>${command(frame, 'node generate-secrets.ts --prune', 'the command that drops former secrets')}`;
}

function command(frame: Frame, text: string, what: string): Html {
  return html`<p class="command">${copyable(frame, text, what)}</p>`;
}

function day(at: number): Html {
  return html`<time datetime="${new Date(at).toISOString()}" title="${exact(at)}">${date(at)}</time>`;
}
