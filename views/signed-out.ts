// The confirmation before a sign-out, and the public page after it.
import { type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { type Follows, followsNotice, icon } from './parts.ts';
import { token } from './session-row.ts';

export function signedOut(frame: Frame, follows?: Follows): Html {
  return layout(
    frame,
    {
      title: 'You are signed out',
      above: html`<span class="lamp">${icon(frame, 'sign-out')}</span>`,
      lead:
        follows === 'row'
          ? 'This browser has forgotten its session, and the gate was asked to end its own.'
          : 'The session on this device has ended.',
      shape: 'narrow',
    },
    html`${followsNotice(frame, follows)}<p class="muted">Your Google account may still be signed in in this browser. On a shared computer, <a href="https://accounts.google.com/Logout" rel="noreferrer">sign out of Google</a> as well.</p>
<p class="actions"><a class="button primary" href="${frame.signInPath}">Sign in again</a></p>`,
  );
}

/** The confirmation before a sign-out, for people who open its address directly. Form POST `/logout`: `_csrf`. */
export function signOutQuestion(frame: Frame): Html {
  return layout(
    frame,
    {
      title: 'Sign out of this device?',
      lead: 'You are still signed in here. Your other devices stay signed in.',
      shape: 'narrow',
    },
    html`<div class="confirm"><div class="actions"><form method="post" action="/logout?sent=1">${token(frame)}<button type="submit" class="primary">Sign out</button></form><a class="button" href="/dashboard">Stay signed in</a></div></div>`,
  );
}
