// The notice about sign-ins on devices that were not seen before, and what to do if one was not the reader.

import { deviceName } from './format.ts';
import { type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { type Device, type Follows, followsNotice, notice, timeAgo, timeExact } from './parts.ts';

export interface NewDevice {
  readonly handle: string;
  readonly device: Device;
  /** The full address, shown to its owner. */
  readonly network: string;
  readonly at: number;
}

/** Forms POST `/devices/not-me` (`handle`) and `/devices/seen`. */
export function newDevices(frame: Frame, devices: readonly NewDevice[], now: number): Html {
  const token = html`<input type="hidden" name="_csrf" value="${frame.csrfToken}">`;
  return html`${devices.map((one) =>
    notice(
      frame,
      'weak',
      html`New sign-in: ${deviceName(one.device)}, ${timeAgo(one.at, now)}`,
      html`<p>From ${one.network}, ${timeExact(one.at)}. You had not signed in with such a device before.</p>
<div class="actions"><form method="post" action="/devices/not-me?sent=1">${token}<input type="hidden" name="handle" value="${one.handle}"><button class="button">That was not me</button></form>
<form method="post" action="/devices/seen">${token}<button class="button">That was me</button></form></div>`,
    ),
  )}`;
}

/** A replaced cookie was used again. The form POSTs `/devices/seen`. */
export function replayNotice(
  frame: Frame,
  replay: { readonly at: number; readonly device: Device },
  now: number,
): Html {
  return notice(
    frame,
    'bad',
    html`A copy of your cookie was used, ${timeAgo(replay.at, now)}`,
    html`<p>It belonged to ${deviceName(replay.device)}. That session ended everywhere at once. It happens when a browser is restored from a backup; if you did no such thing, somebody may have copied it: <a href="/devices">look through your devices</a>, and change the password of your Google account.</p>
<div class="actions"><form method="post" action="/devices/seen"><input type="hidden" name="_csrf" value="${frame.csrfToken}"><button class="button">I have read this</button></form></div>`,
  );
}

/** After "That was not me": what was done, and what the reader has to do. */
export function notMe(
  frame: Frame,
  props: { readonly receiptPath: string; readonly follows?: Follows | undefined },
): Html {
  return layout(
    frame,
    {
      title: 'That device is signed out',
      lead: 'Its session here is over. Three steps keep whoever it was out for good:',
      shape: 'narrow',
    },
    html`${followsNotice(frame, props.follows)}<ol class="steps">
<li>Change the password of your Google account, and turn on 2-step verification.</li>
<li><a href="https://myaccount.google.com/device-activity" rel="noreferrer">Look through the devices at Google</a> and sign out what you do not know.</li>
<li><a href="/devices">Look through your devices here</a>, and sign out all others if in doubt.</li>
</ol>
<p class="muted">Tell whoever runs this site; they can see more. <a href="${props.receiptPath}">How the ending goes</a></p>`,
  );
}
