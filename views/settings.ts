// What a member can choose: the theme, and whether this device stays signed in.
import { duration } from './format.ts';
import { type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { notice, themeChoice } from './parts.ts';

export interface SettingsProps {
  readonly staySignedIn: boolean;
  /** How long "stay signed in" lasts, and the idle limit, milliseconds; used in the text. */
  readonly lifetimeMs: number;
  readonly idleMs: number;
  /** True on the page shown after the form was saved. */
  readonly saved: boolean;
}

/**
 * One form, POST `/settings` (urlencoded): `_csrf`, `theme=auto|light|dark`, `staySignedIn=on` or absent. The current theme is
 * `frame.theme`.
 */
export function settings(frame: Frame, props: SettingsProps): Html {
  return layout(
    frame,
    { title: 'Settings', lead: 'How this site looks, and how long this device stays signed in.' },
    html`<form method="post" action="/settings?sent=1" class="settings">
${props.saved && html`<div role="status">${notice(frame, 'good', 'Your settings are saved.')}</div>`}
<input type="hidden" name="_csrf" value="${frame.csrfToken}">
<section class="card">${themeChoice(frame, frame.theme, html`<h2>Look</h2>`)}<p class="muted small">“System” follows your device, so this site turns dark when your device does.</p></section>
<section class="card"><h2>This device</h2>
<label class="check"><input type="checkbox" name="staySignedIn"${props.staySignedIn && html` checked`} aria-describedby="stay-hint"><span>Stay signed in on this device</span></label>
<p class="muted under-check" id="stay-hint">With this on, you stay signed in for up to ${duration(props.lifetimeMs)}, also after the browser closes. Without it, closing the browser signs you out. Either way the session ends after ${duration(props.idleMs)} without use.</p>
</section>
<button type="submit" class="primary">Save settings</button>
</form>`,
  );
}
