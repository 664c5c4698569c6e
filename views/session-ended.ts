// What a browser sees that comes with an ended session's cookie: why it ended, and the way back in.
import { type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { icon, timeAgo } from './parts.ts';

/** `idle`: no request for too long; `expired`: absolute limit; `signed_out`: ended by the person; `person_changed`: another account is at the gate. */
export type EndReason = 'idle' | 'expired' | 'signed_out' | 'person_changed';

export interface SessionEndedProps {
  readonly reason: EndReason;
  /** When it ended, milliseconds; undefined where only the limit is known. */
  readonly endedAt: number | undefined;
  readonly now: number;
}

const reasons: Record<EndReason, { readonly lead: string; readonly text: string }> = {
  idle: {
    lead: 'Nothing happened here for a while, so your session ended.',
    text: 'This keeps others out when a device is left alone.',
  },
  expired: {
    lead: 'Your session reached its end.',
    text: 'Every session has a last day, so that a forgotten device does not stay signed in for ever.',
  },
  signed_out: {
    lead: 'This device was signed out from your account.',
    text: 'You did this here or on another device. If it was not you, sign in and look at your last sign-in.',
  },
  person_changed: {
    lead: 'Another account is signed in in this browser now.',
    text: 'The session of the account before it ended, so that the two do not mix. Sign in to go on with the new one.',
  },
};

/** The button is a link to `frame.signInPath`. */
export function sessionEnded(frame: Frame, props: SessionEndedProps): Html {
  const { lead, text } = reasons[props.reason];
  return layout(
    frame,
    {
      title: 'You were signed out',
      above: html`<span class="lamp">${icon(frame, 'clock')}</span>`,
      lead,
      shape: 'narrow',
    },
    html`<p class="muted">${text}</p>
${props.endedAt !== undefined && html`<p class="muted">It ended ${timeAgo(props.endedAt, props.now)}.</p>`}
<p class="actions"><a class="button primary" href="${frame.signInPath}">${props.reason === 'person_changed' ? 'Sign in' : 'Sign in again'}</a></p>`,
  );
}
