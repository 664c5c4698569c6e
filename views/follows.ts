// Says what is still pending after a revocation went ahead although the record or the store could not be written.
import { type Html, html } from './html.ts';
import type { Frame } from './layout.ts';
import { notice } from './parts.ts';

/** `note`: the entry in the record. `row`: also the ended session in the store. */
export type Follows = 'note' | 'row';

const words: Record<Follows, readonly [title: string, text: string]> = {
  note: [
    'Signed out; the note of it follows',
    'The audit log cannot be written right now. The entry for this is kept on the server and is added as soon as the log takes it.',
  ],
  row: [
    'Signed out here; the rest follows',
    'The session store takes no changes right now. This server refuses the session from now on, also after a restart, and ends it in the store as soon as it can. Until then, other servers of this site and other apps behind the same gate may still accept it.',
  ],
};

export function followsNotice(frame: Frame, follows: Follows | undefined): Html | undefined {
  if (!follows) return undefined;
  const [title, text] = words[follows];
  return html`<div role="status">${notice(frame, follows === 'row' ? 'weak' : 'unknown', title, html`<p class="muted small">${text}</p>`)}</div>`;
}
