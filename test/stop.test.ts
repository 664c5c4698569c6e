// How the real program stops: no pending request is cut off, no open connection keeps it running, within 10 seconds.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '../demo/child.ts';
import { loadAssets } from '../src/http/assets.ts';
import { ada, storeKinds } from './support/desk.ts';
import { eventually } from './support/eventually.ts';
import { cookieHeader, needsOf } from './support/hostile.ts';
import { type Server, type ServerOptions, startServer } from './support/server.ts';

async function open(t: TestContext, options: ServerOptions): Promise<Server> {
  const server = await startServer(options);
  t.after(() => server.close());
  return server;
}

interface Raw {
  readonly socket: Socket;
  /** What has come back so far. */
  text(): string;
  readonly closed: Promise<void>;
}

async function dial(port: number, first = ''): Promise<Raw> {
  const socket = connect(port, '127.0.0.1');
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  let text = '';
  socket.setEncoding('latin1').on('data', (part: string) => {
    text += part;
  });
  socket.on('error', () => undefined).on('close', () => resolve());
  await new Promise<void>((connected, refused) => {
    socket.once('connect', connected).once('error', refused);
  });
  socket.write(first);
  return { socket, closed, text: () => text };
}

/** The head of a signed-in request for `path`, without its last line break. */
async function headOf(server: Server, path = '/api/me'): Promise<string> {
  const browser = server.browser(ada);
  await browser.ask('/dashboard');
  const headers = Object.entries(server.gateHeaders(ada)).map(([name, value]) => `${name}: ${value}`);
  const own = [`Host: localhost:${server.port}`, ...headers, `Cookie: ${cookieHeader(browser)}`];
  return `GET ${path} HTTP/1.1\r\n${own.join('\r\n')}\r\n`;
}

const statusOf = (raw: Raw) => Number(/^HTTP\/1\.1 (\d+)/.exec(raw.text())?.[1]);

/** Sends the signal. @returns how it ended, and after how many milliseconds */
async function end(server: Server, signal: NodeJS.Signals = 'SIGTERM') {
  const startedAt = performance.now();
  process.kill(server.child.pid, signal);
  const exit = (await server.child.exited).replace('exit code ', '');
  return { exit, afterMs: performance.now() - startedAt };
}

const sheet = loadAssets(resolve(import.meta.dirname, '../public')).path('gatehouse.css');

/** Requests for far more than the socket buffers on both sides hold. */
const flood = (server: Server) =>
  `GET ${sheet} HTTP/1.1\r\nHost: localhost:${server.port}\r\n\r\n`.repeat(600);

const isNotReady = (server: Server) =>
  server.ops.ask('/readyz').then(
    ({ status }) => status === 503,
    () => false,
  );

for (const store of storeKinds) {
  suite(`shutdown on ${store}`, await needsOf(store), () => {
    test('all 50 requests under way at the signal are answered, and it reports that it accepts no more', async (t) => {
      const server = await open(t, { store });
      const head = await headOf(server);
      // Half of each request is sent; the rest follows after the signal.
      const asked = await Promise.all(Array.from({ length: 50 }, () => dial(server.port, head)));
      // And one connection on which a request was answered before, kept alive.
      const kept = await dial(server.port, `${head}\r\n`);
      await waitFor('the first answer', async () => statusOf(kept) === 200);
      assert.match(kept.text(), /\r\nConnection: keep-alive\r\n/i);

      const ended = end(server);
      await waitFor('its word that it stops', () => isNotReady(server));
      const livez = await server.ops.ask('/livez');
      assert.deepEqual([livez.status, livez.headers.connection], [200, 'close']);
      const before = kept.text().length;
      kept.socket.write(`${head}\r\n`);
      await waitFor('the end of its listening', () =>
        dial(server.port).then(
          ({ socket }) => !socket.destroy(),
          () => true,
        ),
      );
      for (const [index, { socket }] of asked.entries()) {
        if (index % 10 === 0) await delay(50);
        socket.write('\r\n');
      }
      await Promise.all([...asked, kept].map(({ closed }) => closed));
      for (const one of asked) {
        assert.equal(statusOf(one), 200);
        assert.match(one.text(), /\r\nConnection: close\r\n/i);
        assert.match(one.text(), /"csrfToken"/);
      }
      assert.match(kept.text().slice(before), /^HTTP\/1\.1 200 [\s\S]*\r\nConnection: close\r\n/i);
      const { exit, afterMs } = await ended;
      assert.equal(exit, '0');
      assert.ok(afterMs < 9000, `${afterMs} ms`);
      t.diagnostic(`50 under way: ended after ${Math.round(afterMs)} ms`);
      assert.deepEqual(server.logged('server.stop_failed'), []);
    });

    test('slow clients, idle ones and those that never read do not delay the end', async (t) => {
      const server = await open(t, { store });
      const head = await headOf(server, '/dashboard');
      const silent = await dial(server.port);
      const idle = await dial(server.port, `${head}\r\n`);
      const half = await dial(server.port, head);
      const deaf = await dial(server.port);
      deaf.socket.pause();
      deaf.socket.write(flood(server));
      await waitFor('an answer', async () => statusOf(idle) === 200);
      const { exit, afterMs } = await end(server);
      assert.equal(exit, '0');
      assert.ok(afterMs < 10_000, `${afterMs} ms`);
      t.diagnostic(`held open: ended after ${Math.round(afterMs)} ms`);
      for (const { socket } of [silent, idle, half, deaf]) socket.destroy();
    });

    test('a slow reader gets the whole answer', async (t) => {
      const server = await open(t, { store });
      const slow = await dial(server.port);
      slow.socket.pause();
      slow.socket.write(flood(server));
      await delay(500);
      const ended = end(server);
      // Longer than idle connections may stay open.
      await delay(1500);
      slow.socket.resume();
      await slow.closed;
      const last = slow.text().slice(slow.text().lastIndexOf('HTTP/1.1 200 '));
      const [headers = '', body = ''] = last.split('\r\n\r\n');
      assert.equal(body.length, Number(/\r\nContent-Length: (\d+)/i.exec(headers)?.[1]));
      assert.equal((await ended).exit, '0');
    });

    test('a live stream is ended, not cut off, and delays nothing', async (t) => {
      const server = await open(t, { store });
      const head = await headOf(server, '/record/live');
      const stream = await dial(server.port, `${head}Accept: text/event-stream\r\n\r\n`);
      await waitFor('the stream', async () => statusOf(stream) === 200);
      const { exit, afterMs } = await end(server);
      assert.equal(exit, '0');
      assert.ok(afterMs < 9000, `${afterMs} ms`);
      await stream.closed;
      assert.match(stream.text(), /\r\n0\r\n\r\n$/, 'the end of its chunks');
      t.diagnostic(`live stream: ended after ${Math.round(afterMs)} ms`);
    });

    test('with nobody connected it ends immediately, on either signal', async (t) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        const server = await open(t, { store });
        const { exit, afterMs } = await end(server, signal);
        assert.equal(exit, '0');
        assert.ok(afterMs < 6000, `${afterMs} ms`);
        t.diagnostic(`${signal}, idle: ended after ${Math.round(afterMs)} ms`);
      }
    });
  });
}

const needsRedis = await needsOf('redis');

suite('shutdown, whatever delays it', () => {
  test('a second signal ends it immediately', async (t) => {
    const server = await open(t, { store: 'sqlite' });
    const half = await dial(server.port, await headOf(server));
    const ended = end(server);
    await waitFor('its word that it stops', () => isNotReady(server));
    process.kill(server.child.pid, 'SIGTERM');
    const { exit, afterMs } = await ended;
    assert.equal(exit, '143');
    assert.ok(afterMs < 8000, `${afterMs} ms`);
    half.socket.destroy();
  });

  test('requests on connections pending at the signal are answered', async (t) => {
    // The program is blocked until it may continue: meanwhile the system accepts the connections, and the signal arrives.
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-stop-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const [busy, goOn] = [join(folder, 'busy'), join(folder, 'go-on')];
    const block = `
      const { existsSync, writeFileSync } = process.getBuiltinModule('node:fs');
      const pause = new Int32Array(new SharedArrayBuffer(4));
      writeFileSync(${JSON.stringify(busy)}, '');
      for (let i = 0; i < 3000 && !existsSync(${JSON.stringify(goOn)}); i++) Atomics.wait(pause, 0, 0, 10);`;
    const server = await open(t, { store: 'sqlite', before: `process.on('SIGUSR2', () => { ${block} })` });
    const head = await headOf(server);
    process.kill(server.child.pid, 'SIGUSR2');
    await waitFor('it to be busy', () => existsSync(busy));
    const asked = await Promise.all(Array.from({ length: 50 }, () => dial(server.port, `${head}\r\n`)));
    const ended = end(server);
    writeFileSync(goOn, '');
    const { exit } = await ended;
    await Promise.all(asked.map(({ closed }) => closed));
    assert.deepEqual([...new Set(asked.map(statusOf))], [200]);
    assert.equal(exit, '0');
  });

  for (const [what, fault, event] of [
    ['an uncaught error', "throw new TypeError('the secret is hunter2')", 'server.uncaught_exception'],
    [
      'an unhandled rejection',
      "Promise.reject(new TypeError('the secret is hunter2'))",
      'server.unhandled_rejection',
    ],
  ] as const) {
    test(`${what} is reported without its message; pending requests are answered, and it exits with 1`, async (t) => {
      const server = await open(t, { store: 'sqlite', before: `process.on('SIGUSR2', () => { ${fault} })` });
      const head = await headOf(server);
      const asked = await dial(server.port, head);
      const ended = end(server, 'SIGUSR2');
      await eventually('its word that it stops', () => isNotReady(server));
      asked.socket.write('\r\n');
      await asked.closed;
      assert.equal(statusOf(asked), 200);
      const { exit, afterMs } = await ended;
      assert.equal(exit, '1');
      assert.ok(afterMs < 10_000);
      const [line] = server.logged(event) as { level?: string; err?: { type?: string } }[];
      assert.deepEqual([line?.level, line?.err?.type], ['fatal', 'TypeError']);
      assert.ok(!server.child.lines.join('\n').includes('hunter2'));
    });
  }

  test('a store that no longer answers does not prevent the end', needsRedis, async (t) => {
    const server = await open(t, { store: 'redis' });
    assert.equal((await server.browser(ada).ask('/dashboard')).status, 200);
    await server.redis?.kill();
    const { exit, afterMs } = await end(server);
    assert.match(exit, /^[01]$/);
    assert.ok(afterMs < 10_000, `${afterMs} ms`);
    t.diagnostic(`without Redis: ended with ${exit} after ${Math.round(afterMs)} ms`);
  });

  test('requests that wait for the store at the signal are answered', needsRedis, async (t) => {
    const server = await open(t, { store: 'redis' });
    const head = await headOf(server);
    const url = new URL(server.redis?.url ?? '');
    const redis = await dial(Number(url.port), `AUTH ${url.password}\r\nCLIENT PAUSE 1200 ALL\r\n`);
    await waitFor('the pause', async () => redis.text().split('+OK').length === 3);
    const asked = await Promise.all(Array.from({ length: 50 }, () => dial(server.port, `${head}\r\n`)));
    const { exit, afterMs } = await end(server);
    await Promise.all(asked.map(({ closed }) => closed));
    assert.deepEqual([...new Set(asked.map(statusOf))], [200]);
    assert.equal(exit, '0');
    t.diagnostic(`50 waiting for Redis: ended after ${Math.round(afterMs)} ms`);
    redis.socket.destroy();
  });
});
