// Slow and idle connections: closed after seconds, by the real clock, while everyone else is served at once.
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { suite, type TestContext, test } from 'node:test';
import { createLogger } from '../src/http/log.ts';
import { createHttpServer } from '../src/http/server.ts';
import { ada, begin, type Desk, startDesk } from './support/desk.ts';
import { cookieHeader, formType, gateLines } from './support/hostile.ts';

interface Slow {
  readonly socket: Socket;
  /** What came back, and after how long, once the server has closed the connection. */
  readonly cut: Promise<{ text: string; afterMs: number }>;
}

function openSlow(desk: Desk, first: string): Slow {
  const startedAt = performance.now();
  const socket = connect(desk.port, '127.0.0.1', () => socket.write(first));
  let text = '';
  socket.setEncoding('latin1').on('data', (part: string) => {
    text += part;
  });
  // This client deliberately writes to connections that may have been closed.
  socket.on('error', () => {});
  const { promise, resolve } = Promise.withResolvers<{ text: string; afterMs: number }>();
  socket.on('close', () => resolve({ text, afterMs: performance.now() - startedAt }));
  return { socket, cut: promise };
}

/** Sends a byte at intervals for as long as the connection is open. */
function drip({ socket, cut }: Slow, everyMs: number): void {
  const timer = setInterval(() => socket.write('x'), everyMs);
  void cut.then(() => clearInterval(timer));
}

async function open(t: TestContext, options: { readonly requestMs?: number } = {}): Promise<Desk> {
  const desk = await startDesk({ store: 'sqlite', ...options });
  t.after(() => desk.close());
  return desk;
}

/** Asserts that others are served at once until `until` settles. */
async function othersAreServed(desk: Desk, until: Promise<unknown>): Promise<void> {
  const { browser } = await begin(desk, ada);
  let over = false;
  void until.then(() => {
    over = true;
  });
  do {
    const startedAt = performance.now();
    assert.equal((await browser.ask('/api/me')).status, 200);
    assert.ok(performance.now() - startedAt < 4000, 'another person waited');
    await Promise.race([until, new Promise((resolve) => setTimeout(resolve, 500))]);
  } while (!over);
}

suite('slow clients', { concurrency: true }, () => {
  test('headers sent a byte at a time are cut off after 5 seconds: 200 such connections block nobody', async (t) => {
    const desk = await open(t);
    const all = Array.from({ length: 200 }, () =>
      openSlow(desk, `GET /dashboard HTTP/1.1\r\nHost: localhost:${desk.port}\r\nX-Slow: `),
    );
    for (const slow of all) drip(slow, 400);
    const cuts = Promise.all(all.map(({ cut }) => cut));
    await othersAreServed(desk, cuts);
    for (const { text, afterMs } of await cuts) {
      assert.match(text, /^HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n\r\n$/);
      assert.ok(afterMs > 4500 && afterMs < 25_000, `${afterMs} ms`);
    }
  });

  test('a connection that never sends anything is cut off too', async (t) => {
    const desk = await open(t);
    const { text, afterMs } = await openSlow(desk, '').cut;
    assert.match(text, /^(HTTP\/1\.1 408 |$)/);
    assert.ok(afterMs < 25_000, `${afterMs} ms`);
  });

  test('a body that never comes, or comes a byte at a time, is cut off at the time limit for requests; nothing is changed', async (t) => {
    // Longer than the headers may take, and than others may have to wait.
    const requestMs = 6_000;
    const desk = await open(t, { requestMs });
    const { browser, csrfToken, handle } = await begin(desk, ada);
    const head = [
      'POST /settings HTTP/1.1',
      `Host: localhost:${desk.port}`,
      ...gateLines(desk, ada),
      `Cookie: ${cookieHeader(browser)}`,
      `Origin: ${desk.origin}`,
      `X-CSRF-Token: ${csrfToken}`,
      `Content-Type: ${formType}`,
    ].join('\r\n');
    const never = openSlow(desk, `${head}\r\nContent-Length: 100\r\n\r\n`);
    const dripping = openSlow(desk, `${head}\r\nContent-Length: 16000\r\n\r\ntheme=`);
    const chunks = openSlow(desk, `${head}\r\nTransfer-Encoding: chunked\r\n\r\n3e80\r\ntheme=`);
    for (const slow of [dripping, chunks]) drip(slow, 1000);
    const cuts = Promise.all([never.cut, dripping.cut, chunks.cut]);
    await othersAreServed(desk, cuts);
    for (const { text, afterMs } of await cuts) {
      assert.match(text, /^HTTP\/1\.1 408 /);
      assert.ok(afterMs > requestMs - 1_000 && afterMs < requestMs + 20_000, `${afterMs} ms`);
    }
    assert.match((await browser.ask('/dashboard')).text, /data-theme="auto"/);
    const me = (await browser.ask('/api/me')).json<{ session: { handle: string } }>();
    assert.equal(me.session.handle, handle);
  });

  test('without a setting of the tests, that time is 30 seconds', () => {
    const { headersTimeout, requestTimeout } = createHttpServer(() => {}, createLogger('silent'));
    assert.deepEqual({ headersTimeout, requestTimeout }, { headersTimeout: 5_000, requestTimeout: 30_000 });
  });

  test('a refusal does not wait for the body', async (t) => {
    const desk = await open(t);
    const startedAt = performance.now();
    const { socket } = openSlow(
      desk,
      `POST /logout HTTP/1.1\r\nHost: localhost:${desk.port}\r\nContent-Length: 100\r\n\r\n`,
    );
    const [status] = await new Promise<string[]>((resolve) =>
      socket.once('data', (text: string) => resolve(text.split('\r\n'))),
    );
    assert.equal(status, 'HTTP/1.1 403 Forbidden');
    assert.ok(performance.now() - startedAt < 8000);
    socket.destroy();
  });

  test('a client that disconnects during a request or an answer leaves nothing behind', async (t) => {
    const desk = await open(t);
    const { browser } = await begin(desk, ada);
    const own = `${gateLines(desk, ada).join('\r\n')}\r\nCookie: ${cookieHeader(browser)}`;
    for (let i = 0; i < 50; i++) {
      const { socket, cut } = openSlow(
        desk,
        `GET /dashboard HTTP/1.1\r\nHost: localhost:${desk.port}\r\n${own}\r\n\r\n`,
      );
      setImmediate(() => (i % 2 ? socket.resetAndDestroy() : socket.destroy()));
      await cut;
    }
    assert.equal((await browser.ask('/api/me')).status, 200);
    assert.ok(!desk.logLines.some((line) => line.includes('request.internal')), 'nor an error in the log');
  });
});
