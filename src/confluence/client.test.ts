// Where a redirect from Confluence may lead, and what counts as an answer.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { createClient } from './client.ts';
import { Unanswered } from './outcomes.ts';

async function listen(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function clientOf(t: TestContext, host: string, mediaHosts: readonly string[] = []) {
  const client = createClient({
    base: `http://${host}`,
    allowPrivate: true,
    credentials: { kind: 'token', headers: { authorization: 'Bearer secret' }, refused: async () => {} },
    now: Date.now,
    wait: async () => {},
    random: () => 0,
    mediaHosts,
    tries: 1,
  });
  t.after(client.close);
  return client;
}

const reasonOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'answered',
    (error: unknown) => (error instanceof Unanswered ? error.reason : String(error)),
  );
const json = { 'content-type': 'application/json' };

test('a redirect to a URL with a user name and password is not followed', async (t) => {
  const asked: (string | undefined)[] = [];
  const host = await listen(t, (req, res) => {
    asked.push(req.url);
    if (req.url === '/start')
      res.writeHead(302, { location: `http://user:password@${req.headers.host}/end` }).end();
    else res.writeHead(200, json).end('{}');
  });
  assert.equal(await reasonOf(clientOf(t, host).json('/start', z.unknown())), 'redirected');
  assert.deepEqual(asked, ['/start']);
  assert.equal(await reasonOf(clientOf(t, host).json('/end', z.unknown())), 'answered');
});

test('only attachments may come from a media host', async (t) => {
  const media = await listen(t, (_req, res) => res.writeHead(200, json).end('{}'));
  const host = await listen(t, (_req, res) => res.writeHead(302, { location: `http://${media}/x` }).end());
  const client = clientOf(t, host, [media]);
  assert.equal(await reasonOf(client.json('/x', z.unknown())), 'redirected');
  assert.equal(
    await reasonOf(client.file('/x', 'image/png', async (body) => void body.resume())),
    'answered',
  );
});

test('an answer without a JSON content type is not treated as JSON, whatever it contains', async (t) => {
  const host = await listen(t, (_req, res) => res.writeHead(200, { 'content-type': 'text/plain' }).end('{}'));
  assert.equal(await reasonOf(clientOf(t, host).json('/x', z.unknown())), 'garbled');
});
