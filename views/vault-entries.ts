// The vault's contents by host: whose they are, their age, how long they last, and the cookies' names.
import { count, remaining } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import type { Frame } from './layout.ts';
import { address, card, facts, meter, pill, type Tone, tag, timeAgo, timeAhead } from './parts.ts';
import { vaultForm } from './vault-refresh.ts';

export type VaultEntryState = 'fresh' | 'expiring' | 'expired' | 'refused' | 'challenged';

export interface VaultEntry {
  readonly id: string;
  readonly host: string;
  readonly ownerName: string;
  readonly names: readonly string[];
  readonly source: 'page' | 'file' | 'terminal' | 'former';
  readonly state: VaultEntryState;
  readonly loadedAt: number;
  readonly expiresAt: number;
  readonly markedAt: number | undefined;
}

const troubles = {
  refused: 'The service does not accept them any more. Put fresh ones in below.',
  challenged:
    'The service asks for a CAPTCHA. Sign in to it in your browser, solve that, and put the fresh cookies in below.',
} as const;

const states: Record<VaultEntryState, { readonly tone: Tone; readonly word: string }> = {
  fresh: { tone: 'good', word: 'Fresh' },
  expiring: { tone: 'weak', word: 'Expiring' },
  expired: { tone: 'unknown', word: 'Expired' },
  refused: { tone: 'bad', word: 'Refused' },
  challenged: { tone: 'bad', word: 'Challenged' },
};

const sources = {
  page: 'pasted here',
  file: 'from the text file',
  terminal: 'from the terminal',
  former: 'taken over from the former pipeline',
} as const;

interface EntriesProps {
  readonly now: number;
  readonly canTest: boolean;
  readonly service: { readonly host: string } | undefined;
}

export function entryCards(frame: Frame, entries: readonly VaultEntry[], props: EntriesProps): Content {
  const hosts = [...new Set(entries.map(({ host }) => host))];
  return hosts.map((host) => {
    const here = entries.filter((entry) => entry.host === host);
    const used = here.find(({ state }) => state === 'fresh' || state === 'expiring');
    return card(
      html`<span class="vault-host">${host}</span>`,
      html`<ul class="vault-list">${here.map((entry) => row(frame, entry, entry === used, props))}</ul>`,
    );
  });
}

function row(frame: Frame, entry: VaultEntry, isUsed: boolean, props: EntriesProps): Html {
  const { id, ownerName, names, source, state, loadedAt, expiresAt, markedAt } = entry;
  const { now, canTest, service } = props;
  const { tone, word } = states[state];
  const isOver = state === 'expired';
  const left = Math.max(0, expiresAt - now);
  return html`<li><div class="spread"><p class="strong">${count(names.length)} ${names.length === 1 ? 'cookie' : 'cookies'} of ${address(ownerName)}</p><div class="pills">${isUsed && tag('In use')}${pill(frame, tone, word)}</div></div>
${
  isOver
    ? html`<p class="muted">The values are destroyed; only the names are left.</p>`
    : html`<div class="vault-left">${meter({ label: 'Time left', value: left, max: expiresAt - loadedAt, text: `${remaining(left)} left`, tone: state === 'expiring' ? 'weak' : 'calm' })}<span class="muted small number">${remaining(left)} left</span></div>`
}
${(state === 'refused' || state === 'challenged') && html`<p>${troubles[state]}</p>`}
${facts([
  ['Put in', html`${timeAgo(loadedAt, now)}, ${sources[source]}`],
  isOver ? ['Expired', timeAgo(expiresAt, now)] : ['Ends', timeAhead(expiresAt, now)],
  ...(markedAt === undefined ? [] : [['Not accepted', timeAgo(markedAt, now)] as const]),
  [
    'Names',
    html`<span class="vault-names">${names.map((name, i) => html`${i > 0 && ' '}<code>${name}</code>`)}</span>`,
  ],
])}
<div class="actions">${canTest && service?.host === entry.host && isUsed && vaultForm(frame, '/vault/test', 'Test the connection')}<a class="button" href="/vault/clear?id=${encodeURIComponent(id)}">Remove<span class="visually-hidden"> the cookies of ${ownerName} for ${entry.host}</span></a></div></li>`;
}
