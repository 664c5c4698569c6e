// Confirmation before cookies are removed from the vault, or it gets a new data key: what will happen.
import { count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { notice } from './parts.ts';
import { vaultClosed } from './vault.ts';

export interface VaultClearProps {
  readonly id: string;
  readonly host: string;
  readonly ownerName: string;
  readonly cookies: number;
}

/** Form POST `/vault/clear`: `_csrf`, `id`. */
export function vaultClear(frame: Frame, { id, host, ownerName, cookies }: VaultClearProps): Html {
  return page(
    frame,
    html`Remove the cookies for <span class="who">${host}</span>?`,
    html`<ul class="will"><li>${count(cookies)} ${cookies === 1 ? 'cookie' : 'cookies'} of ${ownerName} leave the vault for good.</li><li>Syncs that need them wait until new ones are put in.</li><li>You stay signed in at ${host} itself: sign out there to end that.</li></ul>
<div class="actions">${form(frame, '/vault/clear?sent=1', id, 'Remove them', 'danger')}<a class="button" href="/vault">Keep them</a></div>`,
  );
}

/** Form POST `/vault/rekey`: `_csrf`. */
export function vaultRekey(frame: Frame): Html {
  return page(
    frame,
    'Make a new data key?',
    html`<ul class="will"><li>Every entry is sealed anew, in one step. Nothing is lost, and nobody notices.</li><li>Copies of the vault’s file, old backups among them, still open with what they were sealed with. When such a copy got out, sign out at the services too.</li><li>A passphrase that was on its way out stops working.</li></ul>
<div class="actions">${form(frame, '/vault/rekey?sent=1', undefined, 'Make a new data key', 'primary')}<a class="button" href="/vault">Leave it</a></div>`,
  );
}

/** For a form that was sent although the vault cannot be opened (any more), or does not exist. */
export function vaultUnavailable(frame: Frame): Html {
  return page(frame, 'Nothing was changed', html`<div role="alert">${vaultClosed(frame)}</div>${back}`);
}

/** What was to be removed is already gone. */
export function vaultGone(frame: Frame): Html {
  return page(
    frame,
    'Nothing was changed',
    html`${notice(frame, 'info', 'These cookies are not in the vault any more.')}${back}`,
  );
}

const back = html`<p class="actions"><a class="button" href="/vault">Back to the vault</a></p>`;

function form(
  frame: Frame,
  action: string,
  id: string | undefined,
  label: string,
  look: 'danger' | 'primary',
): Html {
  return html`<form method="post" action="${action}"><input type="hidden" name="_csrf" value="${frame.csrfToken}">${id !== undefined && html`<input type="hidden" name="id" value="${id}">`}<button type="submit" class="${look}">${label}</button></form>`;
}

function page(frame: Frame, heading: Content, body: Content): Html {
  return layout(
    frame,
    { title: 'Vault', heading, shape: 'narrow' },
    html`<div class="access-remove">${body}</div>`,
  );
}
