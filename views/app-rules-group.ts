// A group of people, for operators: who is in it, which apps name it; and the pages that confirm taking somebody out and deleting it.
import { type Impact, impactOf } from './app-impact.ts';
import { appRulesFaults, doneNotice, type RuleDone } from './app-rules-parts.ts';
import { count } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { address, card, icon, notice } from './parts.ts';
import { token } from './session-row.ts';

interface Named {
  readonly name: string;
  readonly title: string;
}

/** Why nothing was changed. `refused`: the file could not be changed. */
type Failed = 'broken' | { readonly refused: string };

export interface GroupProps {
  readonly kind: 'group';
  readonly name: string;
  /** Addresses. */
  readonly people: readonly string[];
  /** The apps that name it. */
  readonly apps: readonly Named[];
  readonly faults: readonly { readonly line?: number; readonly message: string }[];
  readonly done?: RuleDone;
  readonly refused?: { readonly who: string; readonly why: 'invalid' | Failed };
}

/** The name that was typed, and why there is no such group. */
export interface GroupNotCreated {
  readonly kind: 'not-created';
  readonly name: string;
  readonly why: 'invalid' | Failed;
}

/** Forms: POST `/app-rules/groups/join` (urlencoded): `_csrf`, `group`, `who`. */
export function appRulesGroup(frame: Frame, props: GroupProps | GroupNotCreated): Html {
  if (props.kind === 'not-created') return notCreated(frame, props);
  const { name, people, apps, faults, done, refused } = props;
  const mayChange = faults.length === 0;
  return layout(
    frame,
    {
      title: `Group ${name}`,
      above: crumbs,
      lead:
        apps.length === 0
          ? 'No app names this group.'
          : html`Named by ${apps.map(({ name: app, title }, i) => html`${i > 0 && ', '}<a href="/app-rules/apps/${encodeURIComponent(app)}">${title}</a>`)}.`,
    },
    html`${done !== undefined && doneNotice(frame, done)}${appRulesFaults(frame, faults)}${refused !== undefined && typeof refused.why === 'object' && html`<div role="alert">${notice(frame, 'bad', 'Nothing was changed.', html`<p>${refused.why.refused}</p>`)}</div>`}
${card(peopleWords(people.length), people.length === 0 ? html`<p class="muted">Add somebody below.</p>` : html`<ul class="entries">${people.map((email) => personRow(name, email, mayChange))}</ul>`)}
${mayChange && joinForm(frame, name, refused)}
${mayChange && html`<p class="muted small">${apps.length === 0 ? html`<a class="button" href="/app-rules/groups/delete?group=${encodeURIComponent(name)}">Delete this group</a>` : 'A group that an app names cannot be deleted.'}</p>`}`,
  );
}

const crumbs = html`<p class="crumbs"><a href="/app-rules">All apps and groups</a></p>`;

function peopleWords(people: number): string {
  if (people === 0) return 'Nobody is in it';
  return people === 1 ? 'One person' : `${count(people)} people`;
}

function personRow(group: string, email: string, mayChange: boolean): Html {
  const query = new URLSearchParams({ group, who: email }).toString();
  return html`<li><div class="row-text"><p class="strong">${address(email)}</p></div>${mayChange && html`<div class="row-actions"><a class="button" href="/app-rules/groups/leave?${query}">Take out<span class="visually-hidden">: ${email}</span></a></div>`}</li>`;
}

function joinForm(frame: Frame, group: string, refused: GroupProps['refused']): Html {
  const isInvalid = refused?.why === 'invalid';
  return card(
    'Add somebody',
    html`<form method="post" action="/app-rules/groups/join" class="access-add one-field">${token(frame)}<input type="hidden" name="group" value="${group}">
<div><label for="who">Address</label>
<input id="who" name="who" required maxlength="254" inputmode="email" autocomplete="off" autocapitalize="none" spellcheck="false" value="${refused?.who}"${isInvalid && html` aria-invalid="true" aria-describedby="who-fault" autofocus`}>
${isInvalid && html`<p class="fault small" id="who-fault">${icon(frame, 'bad')}This is not an address. Write name@example.org.</p>`}</div>
<button type="submit" class="primary">Add</button></form>
<p class="muted small">They may open every app that names the group, from the next request on.</p>`,
  );
}

/** Form POST `/app-rules/groups/create` (urlencoded): `_csrf`, `group`. */
export function newGroupForm(frame: Frame, name = '', isInvalid = false): Html {
  return html`<form method="post" action="/app-rules/groups/create" class="access-add one-field">${token(frame)}
<div><label for="group">Name of a new group</label>
<input id="group" name="group" required maxlength="32" autocomplete="off" autocapitalize="none" spellcheck="false" value="${name}"${isInvalid && html` aria-invalid="true" aria-describedby="group-fault" autofocus`}>
${isInvalid && html`<p class="fault small" id="group-fault">${icon(frame, 'bad')}Use lower-case letters, digits and “-”, at most 32; and not everyone, which means all.</p>`}</div>
<button type="submit">Make the group</button></form>`;
}

function notCreated(frame: Frame, { name, why }: GroupNotCreated): Html {
  const failed = why === 'invalid' ? undefined : failedNotice(frame, why);
  return layout(
    frame,
    { title: 'New group', above: crumbs },
    html`${failed}${card('New group', newGroupForm(frame, name, why === 'invalid'))}`,
  );
}

function failedNotice(frame: Frame, why: Failed): Html {
  const text =
    why === 'broken'
      ? html`<p>The apps file has a mistake. Correct it first: <a href="/app-rules">what is wrong with it</a>.</p>`
      : html`<p>${why.refused}</p>`;
  return html`<div role="alert">${notice(frame, 'bad', 'Nothing was changed.', text)}</div>`;
}

export interface GroupLeaveProps {
  readonly now: number;
  readonly group: string;
  /** An address. */
  readonly who: string;
  readonly state: 'listed' | 'absent' | Failed;
  /** For each app that names the group. */
  readonly runs: readonly { readonly app: Named; readonly dryRun: Impact }[];
  /** Whether it is the operator. */
  readonly self: boolean;
}

/** Form POST `/app-rules/groups/leave` (urlencoded): `_csrf`, `group`, `who`. */
export function groupLeave(frame: Frame, { now, group, who, state, runs, self }: GroupLeaveProps): Html {
  const href = `/app-rules/groups/${encodeURIComponent(group)}`;
  if (state !== 'listed') {
    const failed =
      state === 'absent'
        ? html`<div role="status">${notice(frame, 'info', 'This person is not in the group any more.')}</div>`
        : failedNotice(frame, state);
    return narrow(
      frame,
      'Nothing was changed',
      html`${failed}<p class="actions"><a class="button" href="${href}">Back to the group</a></p>`,
    );
  }
  return narrow(
    frame,
    html`Take <span class="who">${address(who)}</span> out of group ${group}?`,
    html`<ul class="will"><li>${runs.length === 0 ? 'No app names the group, so nothing changes for them.' : 'Where no other entry admits them, the next request is refused, on every device.'}</li>${self && html`<li><strong>That concerns you.</strong> You can add yourself again here.</li>`}</ul>
${runs.map(({ app, dryRun }) => impactOf(frame, app.title, dryRun, { now, heading: `${app.title}, the last 30 days` }))}
<div class="actions"><form method="post" action="/app-rules/groups/leave?sent=1">${token(frame)}<input type="hidden" name="group" value="${group}"><input type="hidden" name="who" value="${who}"><button type="submit" class="danger">Take them out</button></form><a class="button" href="${href}">Leave them in</a></div>`,
  );
}

export interface GroupDeleteProps {
  readonly group: string;
  readonly people: number;
  /** The apps that name it: then it cannot be deleted. */
  readonly apps: readonly Named[];
  readonly failed?: Failed;
}

/** Form POST `/app-rules/groups/delete` (urlencoded): `_csrf`, `group`. */
export function groupDelete(frame: Frame, { group, people, apps, failed }: GroupDeleteProps): Html {
  const href = `/app-rules/groups/${encodeURIComponent(group)}`;
  if (failed || apps.length > 0) {
    const words = failed
      ? failedNotice(frame, failed)
      : html`<div role="alert">${notice(frame, 'bad', 'An app still names this group.', html`<p>Take the group away from ${apps.map(({ name, title }, i) => html`${i > 0 && ', '}<a href="/app-rules/apps/${encodeURIComponent(name)}">${title}</a>`)} first.</p>`)}</div>`;
    return narrow(
      frame,
      'Nothing was changed',
      html`${words}<p class="actions"><a class="button" href="${href}">Back to the group</a></p>`,
    );
  }
  return narrow(
    frame,
    `Delete group ${group}?`,
    html`<ul class="will"><li>${people === 0 ? 'Nobody is in it.' : `${people === 1 ? 'One person is' : `${count(people)} people are`} in it. They keep whatever other entries give them.`}</li><li>No app names it, so nobody is refused by this.</li></ul>
<div class="actions"><form method="post" action="/app-rules/groups/delete?sent=1">${token(frame)}<input type="hidden" name="group" value="${group}"><button type="submit" class="danger">Delete it</button></form><a class="button" href="${href}">Keep it</a></div>`,
  );
}

function narrow(frame: Frame, heading: Content, body: Content): Html {
  return layout(
    frame,
    { title: 'Change a group', heading, shape: 'narrow' },
    html`<div class="access-remove">${body}</div>`,
  );
}
