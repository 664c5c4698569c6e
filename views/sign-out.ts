// The confirmation before a sign-out, for people who open its address directly.
import { type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { token } from './session-row.ts';

/** Form POST `/logout`: `_csrf`. */
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
