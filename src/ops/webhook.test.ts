// The webhook against a real server: format, signature, retries, no redirects.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { suite, type TestContext, test } from 'node:test';
import { createLogger } from '../http/log.ts';
import { listen } from '../http/server.ts';
import { createWebhook, type Notice, requestFor } from './webhook.ts';

const notice: Notice = {
  event: 'device.new',
  text: 'ada@example.org signed in on a new device: Firefox on Linux.',
  at: Date.UTC(2026, 10, 23),
  facts: { person: 'ada@example.org', device: 'Firefox on Linux', network: '203.0.113.x' },
};

async function receiver(t: TestContext, statuses: number[]) {
  const got: { headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (chunk) => {
      body += chunk;
    });
    req.on('end', () => {
      got.push({ headers: req.headers, body });
      res.writeHead(statuses[got.length - 1] ?? 200, { location: 'http://127.0.0.1:1/' }).end();
    });
  });
  const port = await listen(server, 0, '127.0.0.1');
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${port}/hook`, got };
}

suite('the webhook', () => {
  test('is signed over its time and body', async (t) => {
    const { url, got } = await receiver(t, [200]);
    await createWebhook({ url, secret: 'shared', logger: createLogger('silent') })(notice);
    const [first] = got;
    assert.ok(first);
    const [, at = '', mac] =
      /^t=(.*),v1=([0-9a-f]{64})$/.exec(String(first.headers['x-gatehouse-signature'])) ?? [];
    assert.equal(mac, createHmac('sha256', 'shared').update(`${at}.${first.body}`).digest('hex'));
    const { event, text, at: when, ...facts } = JSON.parse(first.body) as Record<string, string>;
    assert.deepEqual(
      { event, text, when },
      { event: notice.event, text: notice.text, when: '2026-11-23T00:00:00.000Z' },
    );
    assert.deepEqual(facts, notice.facts);
  });

  test('is retried after a failure with delays, and given up after four attempts', async (t) => {
    const waits: number[] = [];
    const wait = async (ms: number) => void waits.push(ms);
    const second = await receiver(t, [503, 200]);
    await createWebhook({ url: second.url, secret: undefined, logger: createLogger('silent'), wait })(notice);
    assert.equal(second.got.length, 2);
    const never = await receiver(t, [500, 500, 500, 500]);
    await createWebhook({ url: never.url, secret: undefined, logger: createLogger('silent'), wait })(notice);
    assert.equal(never.got.length, 4);
    assert.deepEqual(waits, [1000, 1000, 10_000, 60_000]);
  });

  test('follows no redirect, and an address that does not answer breaks nothing', async (t) => {
    const { url, got } = await receiver(t, [302, 302, 302, 302]);
    const wait = async () => undefined;
    await createWebhook({ url, secret: undefined, logger: createLogger('silent'), wait })(notice);
    assert.equal(got.length, 4);
    await createWebhook({
      url: 'http://127.0.0.1:1/',
      secret: undefined,
      logger: createLogger('silent'),
      wait,
    })(notice);
  });

  test('Slack gets a JSON text, ntfy plain text with a title', () => {
    const slack = requestFor('https://hooks.slack.com/services/x', undefined, notice);
    assert.deepEqual(JSON.parse(slack.body), { text: notice.text });
    const ntfy = requestFor('https://ntfy.sh/topic', undefined, notice);
    assert.equal(ntfy.body, notice.text);
    assert.equal(ntfy.headers['title'], 'Gatehouse');
    assert.equal(ntfy.headers['x-gatehouse-signature'], undefined);
  });
});
