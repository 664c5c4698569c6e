// Handles every status except 200: credentials not accepted, not found, or possibly available later.
import type { Readable } from 'node:stream';
import { type Head, isHtml, refusalByHead, refusalByPage } from './answer.ts';
import { readStart } from './exchange.ts';
import { Unanswered } from './outcomes.ts';
import { isPassing, retryAfterMs } from './retry.ts';

/** A retry may succeed. */
export class Later extends Unanswered {
  /** How long the other side asks us to wait; undefined: it does not say. */
  readonly afterMs: number | undefined;
  constructor(reason: 'rate_limited' | 'unavailable', status: number, afterMs: number | undefined) {
    super(reason, status);
    this.afterMs = afterMs;
  }
}

/** @param own whether credentials were sent: a media host gets none, so it cannot have refused them @throws Unanswered */
export async function refuse(head: Head, body: Readable, own: boolean, now: () => number): Promise<void> {
  const { status, headers } = head;
  const refusal = own ? refusalByHead(head) : undefined;
  if (refusal) throw new Unanswered(refusal, status);
  if (status === 429 || isPassing(status)) {
    const reason = status === 429 ? 'rate_limited' : 'unavailable';
    throw new Later(reason, status, retryAfterMs(headers['retry-after'], now()));
  }
  if (status === 403 && own) {
    const page = isHtml(headers) ? refusalByPage(await readStart(body)) : undefined;
    throw new Unanswered(page === 'challenged' ? page : 'forbidden', status);
  }
  if (status === 404 || status === 410) throw new Unanswered('not_found', status);
  if (status !== 200) throw new Unanswered(own ? 'garbled' : 'unavailable', status);
}
