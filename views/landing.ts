// The public front page: what this is, and how to sign in.
import { type Html, html } from './html.ts';
import { landingPicture } from './landing-picture.ts';
import { type Frame, layout } from './layout.ts';
import { type IconName, icon, themeChoice } from './parts.ts';

export interface LandingProps {
  /** Whether to show the notice about stored cookies. */
  readonly showNotice: boolean;
  /** `required`: nothing is stored until the visitor agrees by making a choice. */
  readonly consent: 'notice' | 'required';
  /** False with `Sec-GPC: 1` and `required`: nothing will be stored, so nothing can be chosen. */
  readonly canChoose: boolean;
  readonly visitorTtlDays: number;
}

const promises: readonly (readonly [IconName, string, string])[] = [
  ['lamp', 'One door', 'You sign in with your Google account. Gatehouse never sees your password.'],
  ['clock', 'Every session ends', 'You see when yours will, and signing out takes effect at once.'],
  [
    'shield',
    'Nothing hidden',
    'You can see every cookie this site uses, what it is for and how long it stays.',
  ],
];

/**
 * Forms POST to `/` (urlencoded): `theme=auto|light|dark`, or `notice=seen`.
 */
export function landing(frame: Frame, props: LandingProps): Html {
  return layout(
    frame,
    {
      title: 'Know where you are signed in',
      above: landingPicture(),
      lead: 'Gatehouse shows you where you are signed in and until when, and signs you out for good when you ask.',
      shape: 'landing',
    },
    html`<p class="way-in"><a class="button primary large" href="${frame.signInPath}">Sign in with Google${icon(frame, 'arrow')}</a></p>
${props.showNotice && cookieNotice(props)}
<ul class="promises">${promises.map(
      ([name, title, text]) =>
        html`<li>${icon(frame, name)}<h2>${title}</h2><p class="muted">${text}</p></li>`,
    )}</ul>
${props.canChoose && look(frame)}`,
  );
}

function look(frame: Frame): Html {
  return html`<form method="post" action="/" class="look">${themeChoice(frame, frame.theme, 'How this site looks')}<button type="submit">Save look</button></form>`;
}

function cookieNotice(props: LandingProps): Html {
  return html`<section class="cookie-notice" aria-label="About cookies"><p>${noticeText(props)} <a href="/privacy-notice">Privacy notice</a></p>${
    props.canChoose &&
    html`<form method="post" action="/"><input type="hidden" name="notice" value="seen"><button type="submit">${props.consent === 'required' ? 'Agree' : 'Got it'}</button></form>`
  }</section>`;
}

function noticeText(props: LandingProps): string {
  const days = props.visitorTtlDays === 1 ? 'for one day' : `for ${props.visitorTtlDays} days`;
  if (!props.canChoose) return 'Your browser asks for privacy, so nothing is stored in it here.';
  if (props.consent === 'required') {
    return `Nothing is stored in this browser unless you agree. If you do, one cookie remembers that, and the look you choose, ${days}.`;
  }
  return `One cookie remembers the look you choose and that you have read this, ${days}. It is not used to follow you.`;
}
