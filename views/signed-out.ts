// The public page after signing out.
import { type Follows, followsNotice } from './follows.ts';
import { type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { icon } from './parts.ts';

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
