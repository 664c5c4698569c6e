// What is kept about a person, a copy of it, and how to have it erased. For oneself; for operators, also about others.
import { count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { address, card, icon, notice } from './parts.ts';
import { token } from './session-row.ts';

export interface PrivacyProps {
  /** The person's address; `self` if it is the reader. */
  readonly email: string;
  readonly self: boolean;
  /** The pseudonym that identifies somebody else in the form and the links. */
  readonly who?: string;
  readonly sections: readonly { readonly name: string; readonly about: string; readonly items: number }[];
  readonly personRetentionDays: number;
  readonly recordRetentionDays: number;
  /** Something other than the address was typed. */
  readonly wrong: boolean;
  /** Only operators may search for somebody else. */
  readonly search?: { readonly fault?: 'nobody' };
}

/** Forms POST `/privacy/erase`: `_csrf`, `confirm`, `who` for somebody else; POST `/privacy/find`: `_csrf`, `email`. */
export function privacy(frame: Frame, props: PrivacyProps): Html {
  const { email, self, who, sections, search } = props;
  const exportPath = who === undefined ? '/api/privacy/export' : `/api/privacy/export?who=${who}`;
  return layout(
    frame,
    {
      title: self ? 'What is kept about you' : 'What is kept about a person',
      ...(!self && { heading: html`What is kept about <span class="who">${address(email)}</span>` }),
      lead: self
        ? html`See it, take it with you, or have it erased. <a href="/privacy-notice">What is stored, and why</a>`
        : 'Somebody asked you for their data, or to be forgotten.',
    },
    html`${card(
      'A copy of everything',
      html`<dl class="facts">${sections.map(
        ({ name, about, items }) =>
          html`<div><dt>${name.replace(/^./, (letter) => letter.toUpperCase())}</dt><dd>${items === 0 ? 'nothing' : count(items)} <span class="muted small">${about}</span></dd></div>`,
      )}</dl>
<p class="muted small">${retention(props)}</p>
<p class="actions"><a class="button" href="${exportPath}" download>${icon(frame, 'copy')}Download as JSON</a></p>`,
    )}
${card('Erase', html`<div class="confirm">${eraseForm(frame, props)}</div>`)}
${search && card('Somebody else', html`<div class="confirm">${findForm(frame, search)}</div>`)}`,
  );
}

function retention({ personRetentionDays, recordRetentionDays }: PrivacyProps): string {
  const record = `The record of what happened is kept for ${count(recordRetentionDays)} days, under a pseudonym.`;
  if (personRetentionDays === 0) return record;
  return `Who has not signed in for ${count(personRetentionDays)} days is erased. ${record}`;
}

function eraseForm(frame: Frame, { email, self, who, wrong }: PrivacyProps): Html {
  const whose = self ? 'your' : 'the';
  return html`<ul class="will"><li>Every session ends, here and at the gate as far as it can be told.</li><li>${self ? 'Your' : 'The'} account here, its devices and choices are deleted, also from the files of the store.</li><li>What the record says stays, because it must not be edited, but nothing says any more whom it is about.</li><li>${self ? 'You' : 'They'} may sign in again and begin anew, as long as the address is on the list.</li></ul>
<form method="post" action="/privacy/erase" class="typed">${token(frame)}${who !== undefined && html`<input type="hidden" name="who" value="${who}">`}
<label for="confirm">To go on, type ${whose} address: <code>${address(email)}</code></label>
<input id="confirm" name="confirm" required maxlength="254" autocomplete="off" autocapitalize="none" spellcheck="false"${wrong && html` aria-invalid="true" aria-describedby="confirm-fault" autofocus`}>
${wrong && html`<p class="fault small" id="confirm-fault" role="alert">${icon(frame, 'bad')}That is another address. Nothing was erased.</p>`}
<div class="actions"><button type="submit" class="danger">${self ? 'Erase everything about me' : 'Erase this person'}</button></div></form>`;
}

function findForm(frame: Frame, { fault }: NonNullable<PrivacyProps['search']>): Html {
  return html`<form method="post" action="/privacy/find" class="typed">${token(frame)}
<label for="email">Their address</label>
<input id="email" name="email" type="email" required maxlength="254" autocomplete="off"${fault && html` aria-invalid="true" aria-describedby="email-fault" autofocus`}>
${fault && html`<p class="fault small" id="email-fault" role="alert">${icon(frame, 'bad')}Nothing is kept about that address.</p>`}
<div class="actions"><button type="submit">Show</button></div></form>`;
}

/** The page after somebody else's data was erased. */
export function privacyErased(
  frame: Frame,
  {
    ended,
    stillListed,
    scrubbed,
  }: { readonly ended: number; readonly stillListed: boolean; readonly scrubbed: boolean },
): Html {
  const more: Content[] = [
    stillListed &&
      html`<p>The address is still on the allow-list, so they could sign in again. <a href="/access">Who may sign in</a></p>`,
    !scrubbed &&
      html`<p>The files of the store may still hold traces of what was deleted. They are written anew as soon as that is possible; with Redis, run <code>BGREWRITEAOF</code> and <code>BGSAVE</code>.</p>`,
  ];
  return layout(
    frame,
    { title: 'Erased', shape: 'narrow' },
    html`<div role="status">${notice(
      frame,
      'good',
      `The person was erased; ${ended === 1 ? 'one session' : `${count(ended)} sessions`} ended.`,
      more,
    )}</div><p class="actions"><a class="button" href="/privacy">Back</a></p>`,
  );
}
