// The receipt of a revocation: ended here, ended at the gate, verified. The page reloads until the last step is known.

import { count, deviceName, exact } from './format.ts';
import { type Content, type Html, html } from './html.ts';
import { type Frame, layout } from './layout.ts';
import { address, card, type Device, type Follows, followsNotice, icon, prose } from './parts.ts';

export interface ReceiptItem {
  readonly handle: string;
  /** Whose session it was; absent if it was the reader's own. */
  readonly email?: string;
  /** Absent if no longer known. */
  readonly device?: Device;
  readonly endedAt: number;
  readonly gate: 'ended' | 'nothing to end' | 'unreachable' | 'refused here' | 'unknown';
  readonly verifiedAt?: number;
  /** How often a refresh in flight wrote it back. */
  readonly writtenBack: number;
  /** Whether the last step is still pending. */
  readonly open: boolean;
}

export interface ReceiptProps {
  readonly receipts: readonly ReceiptItem[];
  /** What a revocation does not reach, in the gate module's words. */
  readonly cannotReach: string;
  /** Absent if the page does not reload. */
  readonly refreshAfterS?: number;
  readonly back: { readonly href: string; readonly label: string };
  /** What is still pending, if the record or the store could not be written. */
  readonly follows?: Follows | undefined;
}

type Tone = 'good' | 'weak' | 'unknown' | 'clock';
interface Step {
  readonly tone: Tone;
  readonly title: Content;
  readonly text?: Content;
}

export function receipt(frame: Frame, props: ReceiptProps): Html {
  const { receipts, refreshAfterS, back } = props;
  const waiting = receipts.some(({ open }) => open);
  return layout(
    frame,
    {
      title: receipts.length === 1 ? 'Signed out' : `${count(receipts.length)} devices signed out`,
      lead: leadOf(waiting, refreshAfterS !== undefined),
      ...(refreshAfterS !== undefined && { refreshAfterS }),
    },
    html`${followsNotice(frame, props.follows)}<div class="receipts">${receipts.map((item) => receiptCard(frame, item))}</div>
${receipts.some(({ gate }) => gate === 'refused here') && card('What this cannot reach', html`<p class="muted">${prose(props.cannotReach)}</p>`)}
<p class="actions"><a class="button" href="${back.href}">${back.label}</a></p>`,
  );
}

function leadOf(waiting: boolean, refreshes: boolean): string {
  if (!waiting) return 'It is over here from now on: the next request is refused.';
  return refreshes
    ? 'It is over here already. This page fills in by itself while the gate is looked at again.'
    : 'It is over here already. The gate is still being looked at: open this page again in a moment.';
}

function receiptCard(frame: Frame, item: ReceiptItem): Html {
  const title = item.device ? deviceName(item.device) : html`Session <code>${item.handle}</code>`;
  const steps = [hereStep(item), gateStep(item), verifyStep(item)];
  return html`<section class="card receipt"><div><h2>${title}</h2>${item.email !== undefined && html`<p class="muted small">${address(item.email)}</p>`}</div>
<ol class="receipt-steps">${steps.map(
    ({ tone, title: words, text }) =>
      html`<li class="${tone}">${icon(frame, tone)}<div><p class="strong">${words}</p>${text !== undefined && html`<p class="muted small">${text}</p>`}</div></li>`,
  )}</ol></section>`;
}

function hereStep({ endedAt }: ReceiptItem): Step {
  return { tone: 'good', title: 'Ended here', text: html`At ${clock(endedAt)}` };
}

function gateStep({ gate }: ReceiptItem): Step {
  switch (gate) {
    case 'ended':
      return { tone: 'good', title: 'Ended at the gate', text: 'Its Google session there was deleted.' };
    case 'nothing to end':
      return { tone: 'good', title: 'Nothing left at the gate', text: 'Its session there was gone already.' };
    case 'unreachable':
      return {
        tone: 'weak',
        title: 'The gate does not answer',
        text: 'This site refuses the device meanwhile, and tries again by itself.',
      };
    case 'refused here':
      return {
        tone: 'weak',
        title: 'Refused here',
        text: 'The gate keeps nothing that could be deleted, so this site refuses the cookie of that device.',
      };
    case 'unknown':
      return {
        tone: 'unknown',
        title: 'Not known at the gate',
        text: 'This session was never linked to one of the gate’s. The device may come back without asking Google, as a new session.',
      };
  }
}

function verifyStep({ gate, verifiedAt, writtenBack, open }: ReceiptItem): Step {
  const again =
    writtenBack > 0
      ? `A refresh that was under way had brought it back ${writtenBack === 1 ? 'once' : `${count(writtenBack)} times`}; it was deleted again.`
      : undefined;
  if (verifiedAt !== undefined) {
    return {
      tone: 'good',
      title: html`Verified at ${clock(verifiedAt)}`,
      text: again ?? 'A last look found nothing any more.',
    };
  }
  if (gate === 'refused here' || gate === 'unknown') {
    return {
      tone: 'unknown',
      title: 'Nothing to verify',
      text: 'There is nothing at the gate to look at again.',
    };
  }
  return open
    ? {
        tone: 'clock',
        title: 'Looking again',
        text:
          again ?? 'After 3 and 10 seconds, because a refresh that is under way can bring a session back.',
      }
    : { tone: 'weak', title: 'Not verified', text: again };
}

function clock(at: number): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}" title="${exact(at)}" data-local="clock">${iso.slice(11, 19)} UTC</time>`;
}
