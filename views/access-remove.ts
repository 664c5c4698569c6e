// The page that confirms removing an address from the allow-list: who is affected and how. Also the page afterwards if only half of it
// succeeded.
import { type AccessRefusal, accessRefusal } from './access-words.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { address, notice } from './parts.ts';

export interface AccessRemoveProps {
  readonly email: string;
  readonly comment: string | undefined;
  readonly operator: boolean;
  /** Whether `email_domains` admits this address regardless of the list. */
  readonly inByDomain: boolean;
  readonly state: 'listed' | 'absent' | 'yourself' | 'last' | 'not-ended' | AccessRefusal;
}

/** Form POST `/access/remove` (urlencoded): `_csrf`, `email`. */
export function accessRemove(frame: Frame, props: AccessRemoveProps): Html {
  const { email, state } = props;
  const back = html`<a class="button" href="/access">Back to the list</a>`;
  if (state === 'listed') {
    return page(
      frame,
      html`Take <span class="who">${address(email)}</span> off the list?`,
      props.comment,
      html`<ul class="will">${consequences(props).map((text) => html`<li>${text}</li>`)}</ul>
<div class="actions">${form(frame, email, 'Remove and sign out everywhere')}<a class="button" href="/access">Keep them</a></div>`,
    );
  }
  if (state === 'not-ended') {
    return page(
      frame,
      'Half of it is done',
      undefined,
      html`<div role="alert">${notice(
        frame,
        'bad',
        html`${address(email)} is off the list, but the sessions could not be ended.`,
        html`<p>Not done: ending every session here and at the gate, because something did not answer. Try again in a moment.</p>`,
      )}</div><div class="actions">${form(frame, email, 'Try to end the sessions again')}${back}</div>`,
    );
  }
  return page(
    frame,
    'Nothing was changed',
    undefined,
    html`<div role="alert">${refusal(frame, email, state)}</div><p class="actions">${back}</p>`,
  );
}

function page(frame: Frame, heading: Content, comment: string | undefined, body: Content): Html {
  const head = { title: 'Remove from the list', heading, shape: 'narrow' as const };
  return layout(
    frame,
    comment === undefined ? head : { ...head, lead: comment },
    html`<div class="access-remove">${body}</div>`,
  );
}

function consequences({ comment, operator, inByDomain }: AccessRemoveProps): Content[] {
  return [
    inByDomain &&
      html`<strong>It will not keep them out:</strong> <code>email_domains</code> of oauth2-proxy lets this address in, so they can sign in again at once.`,
    !inByDomain && 'The gate refuses this address from the next request on, in every app behind it.',
    'Every device of this person is signed out, here and at the gate.',
    !inByDomain && 'They can come back only when somebody puts them on the list again.',
    comment !== undefined && 'The comment goes too, unless it stands above others as well.',
    operator && html`This is an operator: take the address out of <code>ADMIN_EMAILS</code> as well.`,
  ].filter((text) => text !== false);
}

function form(frame: Frame, email: string, label: string): Html {
  return html`<form method="post" action="/access/remove?sent=1"><input type="hidden" name="_csrf" value="${frame.csrfToken}"><input type="hidden" name="email" value="${email}"><button type="submit" class="danger">${label}</button></form>`;
}

function refusal(frame: Frame, email: string, state: 'absent' | 'yourself' | 'last' | AccessRefusal): Html {
  if (typeof state !== 'string') return accessRefusal(frame, state, undefined);
  switch (state) {
    case 'absent':
      return notice(frame, 'info', html`${address(email)} is not on the list.`);
    case 'yourself':
      return notice(
        frame,
        'info',
        'You cannot take yourself off the list.',
        html`<p>You would be locked out at once. Ask another operator, or edit the file.</p>`,
      );
    case 'last':
      return notice(
        frame,
        'info',
        'This is the last address on the list.',
        html`<p>An empty list lets nobody in. Add another address first; to close the door to everyone, edit the file.</p>`,
      );
  }
}
