// Notices to a webhook: signed, retried, without secrets. Slack and ntfy get the format that they display.
import { createHmac } from 'node:crypto';
import type { Logger } from '../http/log.ts';

export interface Notice {
  /** `device.new`, `session.replayed`. */
  readonly event: string;
  /** One sentence for a person. */
  readonly text: string;
  readonly at: number;
  /** Facts for a program; no ids, no tokens. */
  readonly facts: Readonly<Record<string, string>>;
}

export interface WebhookOptions {
  readonly url: string;
  /** Signs the body; undefined: unsigned. */
  readonly secret: string | undefined;
  readonly logger: Logger;
  /** Milliseconds; tests pass a short wait. */
  readonly wait?: (ms: number) => Promise<void>;
}

/** Pauses between attempts. */
const pausesMs = [1_000, 10_000, 60_000];
const answerLimitMs = 10_000;

/** Sends in the background; a failure is retried three times, then logged. Never throws. */
export function createWebhook({
  url,
  secret,
  logger,
  wait = pause,
}: WebhookOptions): (notice: Notice) => Promise<void> {
  return async (notice) => {
    const request = requestFor(url, secret, notice);
    for (const pauseMs of [...pausesMs, undefined]) {
      if (await send(url, request)) return;
      if (pauseMs === undefined) break;
      await wait(pauseMs);
    }
    logger.error({ event: 'webhook.failed', about: notice.event });
  };
}

/** Body and headers of a notice, in the format that the address expects. */
export function requestFor(url: string, secret: string | undefined, notice: Notice) {
  const { hostname } = new URL(url);
  const at = new Date(notice.at).toISOString();
  const isSlack = hostname === 'hooks.slack.com';
  const isNtfy = hostname === 'ntfy.sh' || hostname.startsWith('ntfy.');
  const json = { event: notice.event, text: notice.text, at, ...notice.facts };
  const body = isNtfy ? notice.text : JSON.stringify(isSlack ? { text: notice.text } : json);
  const headers: Record<string, string> = {
    'content-type': isNtfy ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8',
    'user-agent': 'gatehouse',
  };
  if (isNtfy) headers['title'] = 'Gatehouse';
  // The time is signed too, so that a copy cannot be replayed later.
  if (secret) headers['x-gatehouse-signature'] = `t=${at},v1=${sign(secret, `${at}.${body}`)}`;
  return { body, headers };
}

function sign(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}

async function send(url: string, { body, headers }: ReturnType<typeof requestFor>): Promise<boolean> {
  try {
    // ASVS 15.3.2: a redirect would lead to an address that nobody configured.
    const signal = AbortSignal.timeout(answerLimitMs);
    const answer = await fetch(url, { method: 'POST', body, headers, redirect: 'error', signal });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
