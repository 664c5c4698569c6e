// Confirmation before many sessions end: who is affected and how. Actions that affect everyone require typing a word.

import { count, deviceName } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { address, type Device, icon, timeAgo } from './parts.ts';
import { token } from './session-row.ts';

/** How many devices are listed by name; the rest are only counted. */
const named = 12;

export interface ConfirmDevice {
  readonly device: Device;
  readonly lastSeenAt: number;
}

/** Form POST `/devices/end-others`: `_csrf`. */
export function confirmEndOthers(
  frame: Frame,
  props: { now: number; others: readonly ConfirmDevice[] },
): Html {
  const { now, others } = props;
  return page(
    frame,
    'Sign out all other devices?',
    html`${willEnd(others, now)}
<ul class="will"><li>At their next click these devices have to sign in again.</li><li>What was not saved on them is lost.</li><li>This device stays signed in.</li></ul>
<div class="actions"><form method="post" action="/devices/end-others?sent=1">${token(frame)}<button type="submit" class="danger">Sign out ${devicesOf(others.length)}</button></form><a class="button" href="/devices">Keep them</a></div>`,
  );
}

export interface ConfirmPersonProps {
  readonly now: number;
  /** One of the person's sessions; it identifies the person in the form. */
  readonly handle: string;
  readonly email: string;
  /** Whether the person is the operator making the request. */
  readonly self: boolean;
  readonly sessions: readonly ConfirmDevice[];
}

/** Form POST `/radar/end-person`: `_csrf`, `handle`. */
export function confirmEndPerson(frame: Frame, props: ConfirmPersonProps): Html {
  const { now, handle, email, self, sessions } = props;
  return page(
    frame,
    html`Sign out <span class="who">${address(email)}</span> everywhere?`,
    html`${willEnd(sessions, now)}
<ul class="will"><li>${sessions.length === 0 ? 'No session is open here.' : 'Each of these sessions ends here, and at the gate as far as it can be told: the receipt says how far.'} What the gate gave this person before now is refused here as well.</li><li>They can sign in again: this does not take them off the list. <a href="/access">Who may sign in</a></li>${self && html`<li class="strong">That is you: this device is signed out too.</li>`}</ul>
<div class="actions"><form method="post" action="/radar/end-person?sent=1">${token(frame)}<input type="hidden" name="handle" value="${handle}"><button type="submit" class="danger">Sign out everywhere</button></form><a class="button" href="/radar">Leave them signed in</a></div>`,
  );
}

/** What has to be typed to sign everyone out. */
export const everyoneWord = 'everyone';

/** Form POST `/radar/end-everyone`: `_csrf`, `word`. */
export function confirmEndEveryone(frame: Frame, props: { total: number; wrong: boolean }): Html {
  const { total, wrong } = props;
  return page(
    frame,
    'Sign out everyone?',
    html`<ul class="will"><li>${total <= 1 ? 'Nobody else is signed in at the moment.' : `${count(total - 1)} other ${total === 2 ? 'session of this site ends' : 'sessions of this site end'}; the one that you are using stays.`}</li><li>Your own other devices are signed out too.</li><li>Everyone can sign in again. What was not saved is lost.</li></ul>
<form method="post" action="/radar/end-everyone?sent=1" class="typed">${token(frame)}
<label for="word">To go on, type <code>${everyoneWord}</code></label>
<input id="word" name="word" required maxlength="40" autocomplete="off" autocapitalize="none" spellcheck="false"${wrong && html` aria-invalid="true" aria-describedby="word-fault" autofocus`}>
${wrong && html`<p class="fault small" id="word-fault" role="alert">${icon(frame, 'bad')}That is another word. Nobody was signed out.</p>`}
<div class="actions"><button type="submit" class="danger">Sign out everyone</button><a class="button" href="/radar">Leave them signed in</a></div></form>`,
  );
}

function page(frame: Frame, heading: Content, body: Content): Html {
  return layout(
    frame,
    { title: 'Sign out', heading, shape: 'narrow' },
    html`<div class="confirm">${body}</div>`,
  );
}

function willEnd(sessions: readonly ConfirmDevice[], now: number): Content {
  const rest = sessions.length - named;
  return (
    sessions.length > 0 &&
    html`<ul class="ending">${sessions
      .slice(0, named)
      .map(
        ({ device, lastSeenAt }) =>
          html`<li>${deviceName(device)} <span class="muted small">last seen ${timeAgo(lastSeenAt, now)}</span></li>`,
      )}${rest > 0 && html`<li>and ${count(rest)} more</li>`}</ul>`
  );
}

function devicesOf(total: number): string {
  return total === 1 ? 'one device' : `${count(total)} devices`;
}
