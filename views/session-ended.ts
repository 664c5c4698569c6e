// What a browser sees if it presents an ended session's cookie: why the session ended, and how to sign in again.
import { type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { icon, timeAgo } from './parts.ts';

/**
 * `idle`, `expired`: the limits; `signed_out`, `revoked`: the person, here or from another device; all others: somebody else, or a
 * rule.
 */
export type EndReason =
  | 'idle'
  | 'expired'
  | 'signed_out'
  | 'person_changed'
  | 'revoked'
  | 'revoked_by_operator'
  | 'replayed'
  | 'too_many'
  | 'device_changed'
  | 'gate_limit'
  | 'superseded'
  | 'access_removed'
  | 'erased';

export interface SessionEndedProps {
  readonly reason: EndReason;
  /** When it ended, milliseconds; undefined if only the limit is known. */
  readonly endedAt: number | undefined;
  readonly now: number;
  /** The address of the person who ended it; undefined if a rule did. */
  readonly endedBy?: string;
  /** What changed, if a change ended it: "browser", "system", "network". */
  readonly changes?: readonly string[];
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
    lead: 'You signed out on this device.',
    text: 'If it was not you, sign in and look at your last sign-in.',
  },
  revoked: {
    lead: 'This device was signed out from another one of yours.',
    text: 'If it was not you, sign in, look through your devices, and change the password of your Google account.',
  },
  revoked_by_operator: {
    lead: 'An operator of this site signed this device out.',
    text: 'You can sign in again. If you wonder why, ask whoever runs this site.',
  },
  replayed: {
    lead: 'A cookie that had been replaced was used again, so this session ended on every copy.',
    text: 'That happens when somebody copied your cookie, or when a browser was restored from a backup. Sign in again, and look through your devices.',
  },
  too_many: {
    lead: 'You signed in on more devices than are allowed at once, so the oldest one was signed out.',
    text: 'Sign out devices that you do not use any more, and this one can stay.',
  },
  device_changed: {
    lead: 'The browser or the network of this session changed, so it ended.',
    text: 'This keeps a stolen cookie from being used elsewhere. Sign in to go on.',
  },
  gate_limit: {
    lead: 'The gate’s limits for this site were reached, so this session ended.',
    text: 'This site limits how long and how often one may be signed in at the gate. Sign in to go on.',
  },
  superseded: {
    lead: 'A newer session began in this browser, so this one ended.',
    text: 'One browser has one session. If you did not sign in again here, somebody may have copied your cookies: sign in, and look through your devices.',
  },
  access_removed: {
    lead: 'Your address was taken off the list of this site.',
    text: 'If that is a mistake, ask whoever runs it.',
  },
  erased: {
    lead: 'Everything about you was erased here, and your sessions with it.',
    text: 'If you sign in again, you begin anew.',
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
      isOver: true,
    },
    html`<p class="muted">${text}</p>
${props.changes !== undefined && props.changes.length > 0 && html`<p class="muted">What changed: ${props.changes.join(' and ')}.</p>`}
${props.endedAt !== undefined && html`<p class="muted">It ended ${timeAgo(props.endedAt, props.now)}${props.endedBy !== undefined && html`, by ${props.endedBy}`}.</p>`}
<p class="actions"><a class="button primary" href="${frame.signInPath}">${props.reason === 'person_changed' ? 'Sign in' : 'Sign in again'}</a></p>`,
  );
}
