// How to get fresh cookies, step by step, and the box to paste them into. What was pasted is never shown again.
import { type Html, html } from './html.ts';
import type { Frame } from './layout.ts';
import { card, notice } from './parts.ts';
import { type PasteRefusal, refusalWords } from './vault-words.ts';

export interface RefreshProps {
  readonly cookieFile: string;
  /** What was pasted, or read from the file, and rejected. */
  readonly refused?: { readonly why: PasteRefusal | 'file'; readonly from: 'page' | 'file' };
}

export function vaultForm(frame: Frame, action: string, label: string): Html {
  return html`<form method="post" action="${action}"><input type="hidden" name="_csrf" value="${frame.csrfToken}"><button type="submit">${label}</button></form>`;
}

export function refreshCard(
  frame: Frame,
  { url, host }: { url: string; host: string },
  props: RefreshProps,
): Html {
  const { refused, cookieFile } = props;
  const fault =
    refused &&
    (refused.why === 'file'
      ? 'The file cannot be read. Check its owner and mode, and that it is neither a link nor larger than 256 KB.'
      : refusalWords(refused.why));
  const isHere = refused?.from === 'page';
  return card(
    'Put fresh cookies in',
    html`${fault && !isHere && html`<div role="alert">${notice(frame, 'bad', 'Nothing was loaded from the file.', html`<p>${fault}</p>`)}</div>`}
<ol class="vault-steps" id="refresh">
<li>Open <a href="${url}" target="_blank" rel="noopener noreferrer">${host}</a> in a new tab and sign in there.</li>
<li>In that tab open the developer tools (F12), choose <em>Network</em>, and load the page again.</li>
<li>Right-click the first request in the list, then <em>Copy</em> and <em>Copy as cURL</em>. The value of its <code>Cookie</code> line will do too, and so will an export of the cookies as JSON.</li>
<li>Paste it here. It is read on the server, and only the cookies are kept.</li>
</ol>
<form method="post" action="/vault/load" class="vault-paste" autocomplete="off"><input type="hidden" name="_csrf" value="${frame.csrfToken}">
${fault && isHere && html`<div role="alert" id="text-fault">${notice(frame, 'bad', 'Nothing was sealed.', html`<p>${fault}</p>`)}</div>`}
<label for="text">What you copied</label>
<textarea id="text" name="text" rows="5" required autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="${isHere && 'text-fault '}text-hint"${isHere && html` aria-invalid="true" autofocus`}></textarea>
<p class="muted small" id="text-hint">It is not shown again. Who holds these cookies is signed in to ${host} as you: paste them nowhere else.</p>
<button type="submit" class="primary">Seal them in the vault</button></form>
<div class="vault-file"><p class="muted">Longer than this box takes? Paste it into <code>${cookieFile}</code> on the server; the file is emptied once it is loaded.</p>${vaultForm(frame, '/vault/load-file', 'Load from the file')}</div>`,
  );
}
