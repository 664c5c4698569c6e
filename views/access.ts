// The operators' page for the allow-list: who may sign in, adding an address, and who gets in without being listed.
import { type AccessRefusal, accessRefusal } from './access-words.ts';
import { count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { address, card, empty, icon, notice, pill, tag } from './parts.ts';

export interface AccessEntry {
  readonly email: string;
  readonly comment: string | undefined;
  /** False if no address can ever match this entry. */
  readonly works: boolean;
  readonly operator: boolean;
  readonly you: boolean;
}

export interface AccessProps {
  /** Path of the list, from `EMAILS_FILE`. */
  readonly path: string;
  readonly list:
    | { readonly kind: 'list'; readonly entries: readonly AccessEntry[] }
    | { readonly kind: 'refused'; readonly refusal: AccessRefusal };
  /** oauth2-proxy's `email_domains`. */
  readonly emailDomains: readonly string[];
  /** Operators who are not on the list. */
  readonly unlisted: readonly { readonly email: string; readonly inByDomain: boolean }[];
  /** What the form that led to this page did. */
  readonly done?: 'added' | 'created' | { readonly removed: number };
  /** What was typed and rejected, and why. */
  readonly refused?: {
    readonly email: string;
    readonly comment: string;
    readonly why: 'invalid' | 'present' | AccessRefusal;
  };
}

/** Form POST `/access/add` (urlencoded): `_csrf`, `email`, `comment`. */
export function access(frame: Frame, props: AccessProps): Html {
  const { list, emailDomains } = props;
  return layout(
    frame,
    {
      title: 'Who may sign in',
      lead:
        emailDomains.length === 0
          ? 'The gate lets in the addresses on this list and nobody else. A change holds from the next request on; nothing needs a restart.'
          : 'The gate lets in the addresses on this list, and others as well: see below.',
    },
    html`${props.done !== undefined && html`<div role="status">${doneNotice(frame, props.done, emailDomains.length === 0)}</div>`}
${domainNotice(frame, emailDomains)}
${list.kind === 'refused' && accessRefusal(frame, list.refusal, props.path)}
${mayAdd(list) && addForm(frame, props)}
${list.kind === 'list' && listCard(frame, list.entries, props.path)}
${props.unlisted.length > 0 && unlistedCard(frame, props.unlisted)}`,
  );
}

function mayAdd(list: AccessProps['list']): boolean {
  return list.kind === 'list' || list.refusal.kind === 'missing';
}

function doneNotice(frame: Frame, done: NonNullable<AccessProps['done']>, isListAlone: boolean): Html {
  if (done === 'added') return notice(frame, 'good', 'The address is on the list. They can sign in now.');
  if (done === 'created') {
    return notice(frame, 'good', 'The list is made. Your own address is on it too, so that you stay in.');
  }
  const { removed } = done;
  const sessions =
    removed === 0
      ? 'No session was open here.'
      : `${count(removed)} ${removed === 1 ? 'session was' : 'sessions were'} ended here.`;
  return notice(
    frame,
    'good',
    'The address is off the list.',
    html`<p>${isListAlone && 'The gate refuses it from now on. '}${sessions}</p>`,
  );
}

function domainNotice(frame: Frame, domains: readonly string[]): Content {
  if (domains.length === 0) return undefined;
  const mend = html`<p>To let this list decide, take <code>email_domains</code> out of <code>oauth2-proxy.cfg</code> and <code>OAUTH2_PROXY_EMAIL_DOMAINS</code> out of <code>.env</code>, then restart oauth2-proxy.</p>`;
  if (domains.includes('*')) {
    return notice(
      frame,
      'bad',
      'This list keeps nobody out: every Google account gets in.',
      html`<p><code>email_domains</code> of oauth2-proxy is <code>*</code>. Taking an address off the list ends its sessions, but the person can sign in again at once.</p>${mend}`,
    );
  }
  const names = domains.map((name, i) => html`${i > 0 && ', '}<code>${name}</code>`);
  return notice(
    frame,
    'weak',
    'Whole domains get in as well, whatever this list says.',
    html`<p><code>email_domains</code> of oauth2-proxy names ${names}. An address there that you take off the list can sign in again at once.</p>${mend}`,
  );
}

function addForm(frame: Frame, { refused }: AccessProps): Html {
  const isField = typeof refused?.why === 'string';
  return card(
    'Add somebody',
    html`${typeof refused?.why === 'object' && html`<div role="alert">${accessRefusal(frame, refused.why, undefined)}</div>`}
<form method="post" action="/access/add" class="access-add">
<input type="hidden" name="_csrf" value="${frame.csrfToken}">
<div><label for="email">Address of the Google account</label>
<input id="email" name="email" type="email" required maxlength="254" autocomplete="off" autocapitalize="none" spellcheck="false" value="${refused?.email}"${isField && html` aria-invalid="true" aria-describedby="email-fault" autofocus`}>
${isField && html`<p class="fault small" id="email-fault">${icon(frame, 'bad')}${refused.why === 'present' ? 'This address is on the list already.' : 'This is not an address that the gate could match. Write it as Google does: name@example.org.'}</p>`}</div>
<div><label for="comment">Comment <span class="muted">(optional)</span></label>
<input id="comment" name="comment" maxlength="200" autocomplete="off" value="${refused?.comment}" aria-describedby="comment-hint"></div>
<button type="submit" class="primary">Add to the list</button>
</form>
<p class="muted small" id="comment-hint">Who it is, or until when. The comment stands in the file above the address; only operators see it here.</p>`,
  );
}

function listCard(frame: Frame, entries: readonly AccessEntry[], path: string): Html {
  if (entries.length === 0) {
    return empty(
      frame,
      'shield',
      'Nobody is on the list',
      html`The gate reads <code>${path}</code> and finds no address there. Add the first one above.`,
    );
  }
  const title = entries.length === 1 ? 'One address' : `${count(entries.length)} addresses`;
  return card(
    title,
    html`<ul class="access-list">${entries.map((entry) => row(frame, entry))}</ul>`,
    html`<code class="muted">${path}</code>`,
  );
}

function row(frame: Frame, entry: AccessEntry): Html {
  const { email, comment, works, operator, you } = entry;
  return html`<li><div class="row-text"><p class="strong">${address(email)}</p>${comment !== undefined && html`<p class="muted small">${comment}</p>`}${!works && html`<p class="muted small">No address equals this line, so it lets nobody in. The address must stand alone on its line.</p>`}</div>
${(you || operator || !works) && html`<div class="pills">${you && tag('You')}${operator && tag('Operator')}${!works && pill(frame, 'weak', 'No effect')}</div>`}
${you ? html`<span class="muted small act">Stays, so that you do</span>` : html`<a class="button act" href="/access/remove?email=${encodeURIComponent(email)}">Remove<span class="visually-hidden"> ${email}</span></a>`}</li>`;
}

function unlistedCard(frame: Frame, unlisted: AccessProps['unlisted']): Html {
  return card(
    'Operators who are not on the list',
    html`<p class="muted"><code>ADMIN_EMAILS</code> makes an operator of whoever comes in, but lets nobody in by itself.</p>
<ul class="access-list">${unlisted.map(
      ({ email, inByDomain }) =>
        html`<li><div class="row-text"><p class="strong">${address(email)}</p></div><div class="pills">${
          inByDomain ? pill(frame, 'weak', 'Gets in by domain') : tag('Kept out by the gate')
        }</div></li>`,
    )}</ul>`,
  );
}
