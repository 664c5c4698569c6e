// The operators' page for the vault: what it contains, how long that lasts, and how to add cookies. Names and ages, never a value.
import { count } from './format.ts';
import { type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { card, copyable, empty, facts, notice } from './parts.ts';
import { entryCards, type VaultEntry } from './vault-entries.ts';
import { type RefreshProps, refreshCard } from './vault-refresh.ts';

export interface VaultProps extends RefreshProps {
  readonly now: number;
  readonly vault:
    | {
        readonly kind: 'open';
        readonly entries: readonly VaultEntry[];
        readonly keyId: string;
        readonly bound: boolean;
        readonly passphrases: number;
      }
    /** `closed`: it cannot be opened; the reason is only printed on the server's terminal. `off`: there is no passphrase. */
    | { readonly kind: 'none' | 'closed' | 'off' };
  /** From CONFLUENCE_URL; undefined if nothing is to be fetched yet. */
  readonly service: { readonly url: string; readonly host: string } | undefined;
  readonly canTest: boolean;
  /** What the form that led to this page did. */
  readonly done?: VaultDone;
}

export type VaultDone =
  | { readonly kind: 'loaded'; readonly leftOut: number; readonly emptied?: boolean }
  | { readonly kind: 'made' | 'cleared' | 'nothing' | 'rekeyed' }
  | { readonly kind: 'works' }
  /** `why`: a sentence. */
  | { readonly kind: 'fails'; readonly why: string };

/** Forms: POST `/vault/load` (`_csrf`, `text`), `/vault/load-file`, `/vault/test` (`_csrf`). */
export function vault(frame: Frame, props: VaultProps): Html {
  const { vault: state, service, done } = props;
  return layout(
    frame,
    {
      title: 'Vault',
      heading: 'The vault',
      lead: 'Cookies that Gatehouse sends to other services for you, sealed. You see names and ages here; nobody sees a value.',
    },
    html`${done && html`<div role="status">${doneNotice(frame, done, props)}</div>`}
${state.kind === 'closed' && vaultClosed(frame)}${state.kind === 'off' && noPassphrase(frame)}
${state.kind === 'open' && entryCards(frame, state.entries, props)}
${(state.kind === 'none' || (state.kind === 'open' && state.entries.length === 0)) && nothingYet(frame)}
${state.kind !== 'off' && state.kind !== 'closed' && (service ? refreshCard(frame, service, props) : noService(frame))}
${state.kind === 'open' && keyCard(frame, state)}`,
  );
}

export function vaultClosed(frame: Frame): Html {
  return notice(
    frame,
    'bad',
    'The vault does not open.',
    html`<p>Nothing in it was changed. Why, and what to do, is said on the server’s own terminal: ${copyable(frame, 'gatehouse vault status', 'the command')}</p>`,
  );
}

function noPassphrase(frame: Frame): Html {
  return notice(
    frame,
    'info',
    'There is no vault yet.',
    html`<p>It needs a passphrase, which lives in <code>.env</code> as <code>VAULT_PASSPHRASE</code>. This makes one: ${copyable(frame, 'node generate-secrets.ts', 'the command')} Then restart Gatehouse.</p>`,
  );
}

function noService(frame: Frame): Html {
  return notice(
    frame,
    'info',
    'No service is set.',
    html`<p>Set <code>CONFLUENCE_URL</code> in <code>.env</code> and restart Gatehouse; then its cookies can be put in here.</p>`,
  );
}

function nothingYet(frame: Frame): Html {
  return empty(
    frame,
    'vault',
    'The vault is empty',
    'Cookies that you put in stand here with their names, their age and how long they last.',
  );
}

function doneNotice(frame: Frame, done: VaultDone, { service, cookieFile }: VaultProps): Html {
  const host = service?.host ?? 'The service';
  switch (done.kind) {
    case 'loaded':
      return notice(
        frame,
        done.emptied === false ? 'weak' : 'good',
        'The cookies are sealed in the vault.',
        html`${done.leftOut > 0 && html`<p>${count(done.leftOut)} more ${done.leftOut === 1 ? 'was' : 'were'} left out: expired, or for other places.</p>`}${done.emptied === true && html`<p><code>${cookieFile}</code> is emptied of them.</p>`}${done.emptied === false && html`<p><code>${cookieFile}</code> could not be emptied of them: delete the cookies in it yourself.</p>`}`,
      );
    case 'made':
      return notice(
        frame,
        'info',
        'The file is made.',
        html`<p>Paste the cookies into <code>${cookieFile}</code> on the server, as it says in there, then load it again.</p>`,
      );
    case 'cleared':
      return notice(frame, 'good', 'The cookies are removed from the vault.');
    case 'nothing':
      return notice(frame, 'info', 'There was nothing to do any more. Nothing was changed.');
    case 'rekeyed':
      return notice(frame, 'good', 'The vault has a new data key. Everything in it is sealed anew.');
    case 'works':
      return notice(frame, 'good', html`${host} accepts the cookies.`);
    case 'fails':
      return notice(
        frame,
        'bad',
        html`${host} could not be read with these cookies.`,
        html`<p>${done.why}</p>`,
      );
  }
}

function keyCard(
  frame: Frame,
  { keyId, bound, passphrases }: { keyId: string; bound: boolean; passphrases: number },
): Html {
  return card(
    'What it is sealed with',
    html`${facts([
      ['Data key', copyable(frame, keyId, 'the key’s id')],
      [
        'Machine',
        bound
          ? 'Opens on this machine only; that stops a casual copy of the file, no more'
          : 'Opens on any machine that has the passphrase',
      ],
      [
        'Passphrases',
        passphrases === 1 ? 'One, that of VAULT_PASSPHRASE' : 'Two, while one is being replaced',
      ],
    ])}
<p class="muted">The passphrase lives in <code>.env</code>, not here. This makes a new one, and the vault opens at every moment (with Compose, see docs/vault.md first): ${copyable(frame, 'node generate-secrets.ts --rotate vault', 'the command')}</p>
<p class="actions"><a class="button" href="/vault/rekey">New data key</a></p>`,
  );
}
