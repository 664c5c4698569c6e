// The public page after signing out.
import { type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { icon } from './parts.ts';

export function signedOut(frame: Frame): Html {
  return layout(
    frame,
    {
      title: 'You are signed out',
      above: html`<span class="lamp">${icon(frame, 'sign-out')}</span>`,
      lead: 'The session on this device has ended.',
      shape: 'narrow',
    },
    html`<p class="muted">Your Google account may still be signed in in this browser. On a shared computer, <a href="https://accounts.google.com/Logout" rel="noreferrer">sign out of Google</a> as well.</p>
<p class="actions"><a class="button primary" href="${frame.signInPath}">Sign in again</a></p>`,
  );
}
