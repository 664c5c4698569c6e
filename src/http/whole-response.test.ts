// A response written at once has the headers that the middleware sets for every other response.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import express, { type RequestHandler } from 'express';
import { noStore, securityHeaders } from './headers.ts';
import { createJsonWriter } from './whole-response.ts';

const middleware = (https = true) => [
  securityHeaders({ https, loginOrigin: 'https://accounts.example' }),
  noStore,
];

async function ask(t: TestContext, listener: RequestListener) {
  const server = createServer(listener);
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const [res] = (await once(get({ port, agent: false }), 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of res) body += chunk;
  return { status: res.statusCode, headers: res.rawHeaders, body };
}

const withoutNonce = (lines: readonly string[]) => lines.map((line) => line.replace(/nonce-[\w-]+/, 'nonce'));
const nonceOf = (lines: readonly string[]) => /nonce-([\w-]+)/.exec(lines.join())?.[1];

for (const https of [true, false]) {
  test(`has the same headers as an ordinary response, ${https ? 'with' : 'without'} https`, async (t) => {
    const body = { name: 'Ada – “ä”', list: [1, null] };
    const app = express().disable('x-powered-by').disable('etag');
    app.use((_req, res, next) => {
      res.locals.nonce = 'some-nonce';
      next();
    });
    app.use(...middleware(https), (_req, res) => void res.json(body));
    const write = createJsonWriter(middleware(https));
    const whole = await ask(t, (_req, res) => write(res, 200, body));
    const ordinary = await ask(t, app);
    const date = (lines: readonly string[]) =>
      lines.map((line, i) => (lines[i - 1] === 'Date' ? 'now' : line));
    assert.deepEqual(date(withoutNonce(whole.headers)), date(withoutNonce(ordinary.headers)));
    assert.equal(whole.body, ordinary.body);
    assert.deepEqual(JSON.parse(whole.body), body);
    assert.equal(whole.headers.includes('Strict-Transport-Security'), https);
  });
}

test('every response has a nonce of its own', async (t) => {
  const write = createJsonWriter(middleware());
  const nonces: (string | undefined)[] = [];
  for (let i = 0; i < 3; i++)
    nonces.push(nonceOf((await ask(t, (_req, res) => write(res, 200, {}))).headers));
  assert.ok(nonces.every((nonce) => (nonce?.length ?? 0) >= 22));
  assert.equal(new Set(nonces).size, 3);
});

test('sends any status, and headers that depend on no nonce', async (t) => {
  const write = createJsonWriter([noStore]);
  const { status, headers } = await ask(t, (_req, res) => write(res, 401, {}));
  assert.equal(status, 401);
  assert.deepEqual(headers.slice(0, 2), ['Cache-Control', 'no-store']);
});

test('a header that a later middleware removes is not sent', async (t) => {
  const remove: RequestHandler = (_req, res, next) => {
    res.removeHeader('Cache-Control');
    next();
  };
  const write = createJsonWriter([noStore, remove]);
  assert.equal((await ask(t, (_req, res) => write(res, 200, {}))).headers.includes('Cache-Control'), false);
});

test('a middleware that waits or fails is not accepted', () => {
  assert.throws(() => createJsonWriter([() => {}]), /must not wait/);
  assert.throws(() => createJsonWriter([(_req, _res, next) => next(new Error('x'))]), /failed/);
});
