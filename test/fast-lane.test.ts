// The fast lane: it answers exactly as the ordinary handlers do, one read admits what arrives together, and all that is not an ordinary
// request of a live session is left to them.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { suite, type TestContext, test } from 'node:test';
import { createLogger } from '../src/http/log.ts';
import { createAppParts } from '../src/wiring/app-parts.ts';
import { createFastLane } from '../src/wiring/fast-lane.ts';
import { createLiveSettings } from '../src/wiring/live-settings.ts';
import { type BothWays, bothWays } from './support/both-ways.ts';
import { ada, also, begin, configOf, type Desk, grace, storeKinds } from './support/desk.ts';
import { needsOf } from './support/hostile.ts';
import { keepEvents } from './support/recorder.ts';

const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';

interface Scene {
  readonly desk: Desk;
  readonly ways: BothWays;
  /** The header lines of a signed-in browser behind oauth2-proxy. */
  readonly lines: readonly string[];
  readonly cookie: string;
  readonly handle: string;
}

async function open(t: TestContext, store: (typeof storeKinds)[number], settings = {}): Promise<Scene> {
  const desk = await also(t, { store, settings });
  const { browser, handle } = await begin(desk, ada, { 'user-agent': agent });
  const ways = await bothWays(desk);
  t.after(() => ways.close());
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const gate = Object.entries(desk.gateHeaders(ada)).map(([name, value]) => `${name}: ${value}`);
  return { desk, ways, lines: [...gate, `user-agent: ${agent}`, `cookie: ${cookie}`], cookie, handle };
}

/** `lines` without the header `name`, and with `more`. */
const changed = (lines: readonly string[], name: string, ...more: readonly string[]) => [
  ...lines.filter((line) => !line.toLowerCase().startsWith(`${name}:`)),
  ...more,
];

for (const store of storeKinds) {
  suite(`the fast lane on ${store}`, await needsOf(store), () => {
    test('answers a signed-in read, byte for byte as the ordinary handlers do', async (t) => {
      const { ways, lines } = await open(t, store);
      const { fast, ordinary, isFast } = await ways.compare({ headers: lines });
      assert.equal(isFast, true);
      assert.equal(fast, ordinary);
      assert.match(
        fast,
        /^200\nContent-Security-Policy: [\s\S]*Cache-Control: no-store[\s\S]*"ada@example.org"/,
      );
    });

    test('with headers that browsers and proxies add', async (t) => {
      const { ways, lines } = await open(t, store);
      const added = [
        ['sec-fetch-site: same-origin', 'sec-fetch-mode: cors', 'sec-fetch-dest: empty', 'accept: */*'],
        ['Accept-Language: de', 'Accept-Encoding: gzip, br', 'X-Real-IP: 192.0.2.1', 'X-Request-ID: 1'],
        ['x-forwarded-for: 127.0.0.1', 'x-forwarded-proto: https', 'x-forwarded-host: desk.test'],
        ['x-forwarded-for: 192.0.2.9, 127.0.0.1'],
        ['connection: close'],
        ['host: desk.test'],
      ];
      for (const more of added) {
        const { fast, ordinary, isFast } = await ways.compare({ headers: [...lines, ...more] });
        assert.equal(fast, ordinary, more.join());
        assert.equal(isFast, true, more.join());
      }
    });

    test('shows the dashboard and the devices, byte for byte as the ordinary handlers do', async (t) => {
      const { desk, ways, lines } = await open(t, store);
      await begin(desk, ada, {
        'user-agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/605',
      });
      // Both answers are of the same instant.
      t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
      const visit = ['accept: text/html', 'sec-fetch-dest: document', 'sec-fetch-mode: navigate'];
      for (const path of ['/dashboard', '/devices']) {
        for (const more of [visit, ['accept: application/json'], [...visit, 'sec-fetch-site: cross-site']]) {
          const sent = { requestLine: `GET ${path} HTTP/1.1`, headers: [...lines, ...more] };
          const { fast, ordinary, isFast } = await ways.compare(sent);
          assert.equal(isFast, true, path);
          assert.equal(fast, ordinary, path);
          assert.match(fast, /^200\n[\s\S]*<main/);
        }
      }
    });

    test('an error of a page is told as anywhere else', async (t) => {
      const { desk, ways, lines } = await open(t, store);
      t.mock.method(desk.store.sessions, 'ofPerson', () => Promise.reject(new Error('broken')));
      const sent = { requestLine: 'GET /devices HTTP/1.1', headers: [...lines, 'accept: text/html'] };
      const { fast, ordinary, isFast } = await ways.compare(sent);
      assert.equal(isFast, true);
      assert.equal(fast, ordinary);
      assert.match(fast, /^500\n/);
    });

    test('leaves everything unusual to the ordinary handlers, and answers the same', async (t) => {
      const { ways, lines, cookie } = await open(t, store);
      const stranger = `Basic ${Buffer.from(`${ada.id}:${'x'.repeat(64)}`).toString('base64')}`;
      const unusual: Record<string, readonly string[]> = {
        'no identity': lines.filter((line) => !/^(authorization|x-forwarded)/.test(line)),
        'an identity without proof': changed(lines, 'authorization'),
        'a wrong proof': changed(lines, 'authorization', `authorization: ${stranger}`),
        'another person’s name': changed(lines, 'x-forwarded-user', `x-forwarded-user: ${grace.id}`),
        'another address for the person': changed(
          lines,
          'x-forwarded-email',
          'x-forwarded-email: ada@example.org,x',
        ),
        'a doubled proof': [...lines, lines.find((line) => line.startsWith('authorization')) ?? ''],
        'a doubled user': [...lines, `X-Forwarded-User: ${ada.id}`],
        'a doubled address': [...lines, `X-Forwarded-Email: ${ada.email}`],
        'no cookie': changed(lines, 'cookie'),
        'two cookie lines': [...lines, 'cookie: a=b'],
        'the session twice': changed(lines, 'cookie', `cookie: ${cookie}; ${cookie}`),
        'a changed signature': changed(
          lines,
          'cookie',
          `cookie: ${cookie.replace(/(=s%3A[\w-]+\.[\w-]+\.)./, '$1_')}`,
        ),
        'another network': [...lines, 'x-forwarded-for: 198.51.100.1'],
        'another browser': changed(lines, 'user-agent', 'user-agent: curl/8.0'),
        'no user agent': changed(lines, 'user-agent'),
        'a doubled user agent': [...lines, 'user-agent: curl/8.0'],
        'a foreign host': [...lines, 'host: other.test'],
        'a page as destination': [...lines, 'sec-fetch-dest: document'],
        'a cross-site read': [...lines, 'sec-fetch-site: cross-site'],
        'a condition': [...lines, 'if-none-match: *'],
        'a date condition': [...lines, 'if-modified-since: Sat, 28 Nov 2026 00:00:00 GMT'],
        'an empty body': [...lines, 'content-length: 0'],
        'an unreadable gate cookie': changed(lines, 'cookie', `cookie: ${cookie}; __Host-_oauth2_proxy=x`),
      };
      for (const [what, headers] of Object.entries(unusual)) {
        const { fast, ordinary, isFast } = await ways.compare({ headers });
        assert.equal(isFast, false, what);
        assert.equal(fast, ordinary, what);
        // A session that moved goes back to where it was.
        await ways.send({ headers: lines });
      }
    });

    test('knows one method and exact addresses only', async (t) => {
      const { ways, lines } = await open(t, store);
      const others = [
        'HEAD /api/me',
        'HEAD /devices',
        'GET /devices?sort=x',
        'GET /devices/',
        'POST /devices',
        'POST /api/me',
        'GET /api/me?',
        'GET /api/me?a=1',
        'GET /api/me/',
      ];
      for (const request of [
        ...others,
        'GET /api//me',
        'GET /api/%6de',
        'GET /API/me',
        'GET http://desk.test/api/me',
      ]) {
        const { fast, ordinary, isFast } = await ways.compare({
          requestLine: `${request} HTTP/1.1`,
          headers: lines,
        });
        assert.equal(isFast, false, request);
        assert.equal(fast, ordinary, request);
      }
      assert.equal((await ways.send({ requestLine: 'GET /api/me HTTP/1.0', headers: lines })).isFast, false);
    });

    test('one read admits all that arrive in one turn', async (t) => {
      const { desk, lines } = await open(t, store);
      const asked = t.mock.method(desk.store.sessions, 'readMany');
      const request = ['GET /api/me HTTP/1.1', `host: localhost:${desk.port}`, ...lines, '', ''].join('\r\n');
      const sockets = await Promise.all(Array.from({ length: 20 }, () => connected(desk.port)));
      t.after(() => sockets.forEach((socket) => void socket.destroy()));
      const askAll = () => {
        const answered = sockets.map((socket) => once(socket, 'data'));
        for (const socket of sockets) socket.write(request);
        return Promise.all(answered);
      };
      // The server accepts one connection a turn.
      await askAll();
      const before = asked.mock.callCount();
      for (const [chunk] of await askAll()) assert.match(String(chunk), /^HTTP\/1.1 200 OK/);
      const groups = asked.mock.callCount() - before;
      assert.ok(groups >= 1 && groups < 20, `${groups} reads for 20 requests`);
    });

    test('an operator is one from the next request on, and no longer', async (t) => {
      const first = await open(t, store);
      const { config, store: kept, now } = first.desk;
      const logger = createLogger('silent');
      const liveSettings = createLiveSettings({ loaded: { config }, notes: kept.notes, logger, now });
      const desk = await also(t, { store, beside: first.desk, parts: { liveSettings } });
      const ways = await bothWays(desk);
      t.after(() => ways.close());
      const isOperator = async () => {
        const { answer, isFast } = await ways.send({ headers: first.lines });
        assert.equal(isFast, true);
        return (JSON.parse(answer.body) as { person: { operator: boolean } }).person.operator;
      };
      const operators = liveSettings.config().gate.operators as Set<string>;
      assert.equal(await isOperator(), true);
      operators.delete(ada.email);
      assert.equal(await isOperator(), false);
      operators.add(ada.email);
      assert.equal(await isOperator(), true);
    });

    test('a proof is refused as soon as the gate’s secret is another one', async (t) => {
      const first = await open(t, store);
      const { config, store: kept, now } = first.desk;
      const logger = createLogger('silent');
      const before = createLiveSettings({ loaded: { config }, notes: kept.notes, logger, now });
      let current = config;
      const liveSettings = { ...before, config: () => current };
      const desk = await also(t, { store, beside: first.desk, parts: { liveSettings } });
      const ways = await bothWays(desk);
      t.after(() => ways.close());
      assert.equal((await ways.send({ headers: first.lines })).isFast, true);
      current = { ...config, gate: { ...config.gate, secrets: ['x'.repeat(64), ...config.gate.secrets] } };
      const former = await ways.send({ headers: first.lines });
      assert.deepEqual([former.answer.status, former.isFast], [200, false], 'its use must be noted');
      current = { ...config, gate: { ...config.gate, secrets: ['x'.repeat(64)] } };
      assert.equal((await ways.send({ headers: first.lines })).answer.status, 401);
    });

    test('a request that is due for anything steps aside: a touch, a new id, a session that ended', async (t) => {
      const { desk, ways, lines, handle } = await open(t, store);
      const fast = async () => (await ways.send({ headers: lines })).isFast;
      assert.equal(await fast(), true);
      desk.advance(61_000);
      assert.equal(await fast(), false, 'due for a touch');
      assert.equal(await fast(), true);
      const row = await desk.store.sessions.findByHandle(handle);
      await desk.store.sessions.end(row?.key ?? '', { at: desk.now(), reason: 'revoked' });
      const { answer, isFast } = await ways.send({ headers: lines });
      assert.equal(isFast, false);
      assert.equal(answer.status, 401);
    });

    test('steps aside where the store does not answer', async (t) => {
      const { desk, ways, lines } = await open(t, store);
      const down = t.mock.method(desk.store.sessions, 'readMany', () => Promise.reject(new Error('down')));
      const { answer, isFast } = await ways.send({ headers: lines });
      assert.equal(answer.status, 200);
      assert.equal(isFast, false);
      assert.equal(down.mock.callCount(), 1);
    });

    test('counts what it answers: the request after the limit is refused', async (t) => {
      const { ways, lines } = await open(t, store, { RATE_LIMIT: 'on', RATE_LIMIT_PERSON: '60' });
      const statuses: number[] = [];
      for (let i = 0; i < 62; i++) statuses.push((await ways.send({ headers: lines })).answer.status);
      // Two requests were made at sign-in.
      assert.equal(statuses.indexOf(429), 58);
    });
  });
}

test('only a page of members that is read can be fast: any other row is refused at the start', () => {
  const secret = () => randomBytes(32).toString('hex');
  const parts = createAppParts({
    config: configOf({ SECRET_KEY: secret(), GATE_SECRET: secret() }),
    store: {} as never,
    logger: createLogger('silent'),
    recorder: keepEvents(),
  });
  const row = { method: 'GET', path: '/x', who: 'member', does: '', isFast: true, handlers: [] } as const;
  createFastLane(parts, undefined, [row]);
  for (const other of [{ who: 'operator' }, { who: 'public' }, { method: 'POST' }] as const)
    assert.throws(() => createFastLane(parts, undefined, [{ ...row, ...other }]), /only a member's page/);
});

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}
