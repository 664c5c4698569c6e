// What a client is answered whose request the HTTP parser rejected, and how often that is logged.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createClient } from '../../test/support/client.ts';
import { createLogger } from './log.ts';
import { createHttpServer, drain, listen } from './server.ts';
import { refuseUnreadable } from './unparsable-requests.ts';

function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let now = 5_000;
  t.mock.method(performance, 'now', () => now);
  const lines: { event: string; times: number }[] = [];
  const refuse = refuseUnreadable(
    createLogger('info', { write: (line: string) => void lines.push(JSON.parse(line)) }),
  );
  const overflow = Object.assign(new Error('too large'), { code: 'HPE_HEADER_OVERFLOW' });
  function answerTo(error: NodeJS.ErrnoException, state: object = {}) {
    const socket = {
      writable: true,
      written: '',
      destroyed: false,
      flushed: () => {},
      end(text: string, done = () => {}) {
        this.written += text;
        this.flushed = done;
      },
      destroy() {
        this.destroyed = true;
      },
      ...state,
    };
    refuse(error, socket as unknown as Duplex);
    return socket;
  }
  return {
    lines,
    overflow,
    answerTo,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

test('a request that cannot be read gets a bare status by its fault, and the connection ends once that is sent', (t) => {
  const { answerTo, lines } = setUp(t);
  for (const [code, line] of [
    ['HPE_INVALID_METHOD', '400 Bad Request'],
    [undefined, '400 Bad Request'],
    ['HPE_CHUNK_EXTENSIONS_OVERFLOW', '413 Payload Too Large'],
    ['ERR_HTTP_REQUEST_TIMEOUT', '408 Request Timeout'],
  ] as const) {
    const socket = answerTo(Object.assign(new Error('unreadable'), code && { code }));
    assert.equal(socket.written, `HTTP/1.1 ${line}\r\nConnection: close\r\n\r\n`);
    assert.equal(socket.destroyed, false);
    socket.flushed();
    assert.equal(socket.destroyed, true);
  }
  assert.deepEqual(lines, []);
});

test('headers that are too large get a page, and a second to read it while the client still sends', (t) => {
  const { answerTo, overflow } = setUp(t);
  const socket = answerTo(overflow);
  const [head = '', body = ''] = socket.written.split('\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 431 Request Header Fields Too Large$/m);
  assert.match(head, /^Connection: close$/m);
  assert.match(head, /^Cache-Control: no-store$/m);
  assert.match(head, /^X-Content-Type-Options: nosniff$/m);
  assert.match(
    head,
    /^Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/m,
  );
  assert.equal(Number(/^Content-Length: (\d+)$/m.exec(head)?.[1]), Buffer.byteLength(body));
  assert.match(body, /Clear the cookies of this site/);
  t.mock.timers.tick(999);
  assert.equal(socket.destroyed, false);
  t.mock.timers.tick(1);
  assert.equal(socket.destroyed, true);
});

test('a connection that is closed, or in the middle of a response, gets no second answer', (t) => {
  const { answerTo, overflow } = setUp(t);
  for (const state of [{ writable: false }, { _httpMessage: { headersSent: true } }]) {
    const socket = answerTo(overflow, state);
    assert.deepEqual([socket.written, socket.destroyed], ['', true]);
  }
  for (const state of [{ _httpMessage: { headersSent: false } }, { _httpMessage: null }])
    assert.match(answerTo(overflow, state).written, /^HTTP\/1\.1 431 /);
});

test('large headers are logged at once, then at most every ten seconds with their number', (t) => {
  const { answerTo, overflow, lines, pass } = setUp(t);
  const times = () => lines.map((line) => line.times);
  answerTo(overflow);
  assert.deepEqual(times(), [1]);
  assert.equal(lines[0]?.event, 'request.headers_too_large');
  for (let i = 0; i < 3; i++) answerTo(overflow);
  pass(9_999);
  answerTo(overflow);
  assert.deepEqual(times(), [1]);
  pass(1);
  answerTo(overflow);
  assert.deepEqual(times(), [1, 5]);
  pass(10_000);
  answerTo(overflow);
  assert.deepEqual(times(), [1, 5, 1]);
});

test('a server gives slow clients 5 s for the headers and 30 s for a request, and keeps idle connections longer than oauth2-proxy does', (t) => {
  const server = createHttpServer(() => {}, createLogger('silent'));
  t.after(() => server.close());
  const { headersTimeout, requestTimeout, keepAliveTimeout } = server;
  assert.deepEqual([headersTimeout, requestTimeout], [5_000, 30_000]);
  assert.ok(keepAliveTimeout > 90_000);
});

test('a port that is taken, or cannot be used, is named with its setting', async (t) => {
  const [one, two] = [
    createHttpServer(() => {}, createLogger('silent')),
    createHttpServer(() => {}, createLogger('silent')),
  ];
  t.after(() => one.close());
  const port = await listen(one, 0, '127.0.0.1');
  assert.ok(port > 0);
  await assert.rejects(
    listen(two, port, '127.0.0.1', 'OPS_PORT'),
    new RegExp(
      `port ${port} on 127\\.0\\.0\\.1 is in use by another program; .*set OPS_PORT to another port`,
    ),
  );
  await assert.rejects(
    listen(two, 0, '192.0.2.1'),
    /port 0 on 192\.0\.2\.1 cannot be used \(EADDRNOTAVAIL\)/,
  );
});

test('32 KB of headers are read, and more get the page', async (t) => {
  const server = createHttpServer((_req, res) => res.end('read'), createLogger('silent'));
  const port = await listen(server, 0, '127.0.0.1');
  t.after(() => drain(server, 0));
  const ask = (kilobytes: number) =>
    createClient(`http://localhost:${port}`).ask('/', { headers: { cookie: 'x'.repeat(kilobytes * 1024) } });
  assert.equal((await ask(31)).text, 'read');
  const refused = await ask(33);
  assert.equal(refused.status, 431);
  assert.match(refused.text, /Clear the cookies of this site/);
});

/** A server with one request in progress, and whether draining it is done. */
async function busyServer(t: TestContext, keepAlive = false) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { promise: answering, resolve } = Promise.withResolvers<ServerResponse>();
  const server = createHttpServer((_req, res) => resolve(res), createLogger('silent'));
  const port = await listen(server, 0, '127.0.0.1');
  const agent = new Agent({ keepAlive });
  const request = get({ port, host: '127.0.0.1', agent });
  request.on('error', () => {});
  t.after(() => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  const res = await answering;
  const cut = t.mock.method(server, 'closeAllConnections');
  const state = { isDrained: false };
  const begin = () => {
    void drain(server, 1000).then(() => {
      state.isDrained = true;
    });
  };
  const isDrained = async (waitMs = 20) => {
    for (const from = performance.now(); !state.isDrained && performance.now() - from < waitMs; )
      await nextTurn();
    return state.isDrained;
  };
  return { server, res, request, cut, begin, isDrained };
}

test('a server that stops waits for a request in progress, and then cuts nothing', async (t) => {
  const { res, request, cut, begin, isDrained } = await busyServer(t);
  begin();
  assert.equal(await isDrained(), false);
  const answered = once(request, 'response');
  res.end('done');
  const [answer] = await answered;
  answer.resume();
  await once(answer, 'end');
  assert.equal(await isDrained(5000), true);
  t.mock.timers.tick(1000);
  assert.equal(cut.mock.callCount(), 0);
});

test('a server that stops cuts what is left after the limit', async (t) => {
  const { begin, isDrained } = await busyServer(t);
  begin();
  t.mock.timers.tick(999);
  assert.equal(await isDrained(), false);
  t.mock.timers.tick(1);
  assert.equal(await isDrained(5000), true);
});

test('a server that stops closes idle connections at once, and one that does not listen is done', async (t) => {
  const { server, res, request, begin, isDrained } = await busyServer(t, true);
  const answered = once(request, 'response');
  res.end('done');
  const [answer] = await answered;
  answer.resume();
  await once(answer, 'end');
  begin();
  assert.equal(await isDrained(5000), true);
  await drain(server, 1000);
});
