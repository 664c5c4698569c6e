// Unusual hosts, forwarded headers, methods and framing: the right 4xx in plain words, and nothing is changed.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Client } from './support/client.ts';
import { ada, begin, type Desk, startDesk, storeKinds } from './support/desk.ts';
import {
  assertPlain,
  cookieHeader,
  gateLines,
  leavesStoreAlone,
  needsOf,
  raw,
  sendBytes,
} from './support/hostile.ts';

for (const store of storeKinds) {
  suite(`bad requests on ${store}`, await needsOf(store), () => {
    let desk: Desk;
    let honest: Client;
    let own: string[];
    before(async () => {
      desk = await startDesk({ store });
      honest = (await begin(desk, ada)).browser;
      own = [...gateLines(desk, ada), `Cookie: ${cookieHeader(honest)}`];
    });
    after(() => desk.close());

    async function send(requestLine: string, lines: readonly string[] = own, body = '') {
      const answer = await leavesStoreAlone(
        desk,
        () => raw(desk, requestLine, lines, body),
        requestLine.slice(0, 80),
      );
      assert.deepEqual(
        answer.all('set-cookie').filter((line) => line.includes('__Host-session')),
        [],
      );
      assertPlain(answer.body, requestLine.slice(0, 80));
      return answer;
    }

    test('an unknown Host gets 421, whoever asks', async () => {
      const foreign = [
        ['Host: evil.test'],
        ['Host: desk.test.evil.test'],
        ['Host: desk.test@evil.test'],
        ['Host: desk.test:8443'],
        ['Host: localhost'],
        [`Host: localhost:${desk.port + 1}`],
        [`Host: localhost.evil.test:${desk.port}`],
        ['Host: desk.test, evil.test'],
        ['Host:'],
        ['Host: desk.test', 'Host: evil.test'],
        ['Host: evil.test', 'Host: desk.test'],
        ['Host: desk.test', 'Host: desk.test'],
        ['Host: evil.test', 'X-Forwarded-Host: desk.test', 'Forwarded: host=desk.test'],
      ];
      for (const hosts of foreign) {
        for (const path of ['/dashboard', '/', '/health', '/api/me', '/nothing']) {
          const answer = await send(`GET ${path} HTTP/1.1`, [...hosts, ...own]);
          assert.equal(answer.status, 421, `${path} ${hosts}`);
          assert.ok(!answer.body.includes('evil.test') && answer.header('location') === undefined);
        }
      }
      const none = await sendBytes(desk.port, 'GET /dashboard HTTP/1.1\r\nConnection: close\r\n\r\n');
      assert.match(none, /^HTTP\/1\.1 400 /);
      assert.match(await sendBytes(desk.port, 'GET /dashboard HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 421 /);
      for (const host of ['desk.test', 'DESK.test', `127.0.0.1:${desk.port}`, `localhost:${desk.port}`]) {
        assert.equal((await send('GET /api/me HTTP/1.1', [`Host: ${host}`, ...own])).status, 200, host);
      }
    });

    test('forwarded headers affect neither Secure, nor redirects, nor the displayed address', async () => {
      const spoofs = [
        'X-Forwarded-Host: evil.test',
        'X-Forwarded-Proto: http',
        'Forwarded: for=1.1.1.1;host=evil.test;proto=http',
      ];
      const more = [
        'X-Forwarded-Port: 80',
        'X-Forwarded-Uri: /health',
        'X-Original-URL: /health',
        'X-Rewrite-URL: /health',
      ];
      const visitor = await send('GET /dashboard HTTP/1.1', [...spoofs, ...more]);
      assert.equal(visitor.status, 303);
      assert.equal(visitor.header('location'), '/oauth2/start?rd=%2Fdashboard');
      const page = await raw(desk, 'GET /dashboard HTTP/1.1', [...gateLines(desk, ada), ...spoofs, ...more]);
      assert.equal(page.status, 200);
      assert.ok(page.all('set-cookie').length === 2);
      for (const line of page.all('set-cookie')) assert.match(line, /^__Host-.*; Secure/);
      assert.ok(!page.body.includes('evil.test'));
      assert.ok(page.header('strict-transport-security'));
      const forwarded = 'X-Forwarded-For: 198.51.100.1, <b>, 203.0.113.9';
      const seen = await raw(desk, 'GET /dashboard HTTP/1.1', [...gateLines(desk, ada), forwarded]);
      assert.match(seen.body, /203\.0\.113\.9/);
      assert.doesNotMatch(seen.body, /198\.51\.100\.1|<b>/);
    });

    test('TRACE and unknown methods are refused, and nothing is echoed', async () => {
      for (const method of ['TRACE', 'PROPFIND', 'PURGE', 'MKCOL', 'SEARCH', 'LINK', 'M-SEARCH']) {
        for (const path of ['/', '/dashboard', '/health', '/nothing']) {
          const answer = await send(`${method} ${path} HTTP/1.1`, [...own, 'X-Echo: do-not-echo']);
          assert.equal(answer.status, 405, `${method} ${path}`);
          assert.ok(!answer.body.includes('do-not-echo') && !answer.body.includes(ada.email));
          assert.match(
            answer.header('allow') ?? '',
            /^GET, /,
            'RFC 9110, section 15.5.6: 405 names what is allowed',
          );
        }
      }
      for (const line of [
        'FOO / HTTP/1.1',
        'get / HTTP/1.1',
        'GET / HTTP/1.2',
        'GET / HTTP/1.1 x',
        'GET /a b HTTP/1.1',
      ]) {
        assert.equal((await send(line)).status, 400, line);
      }
      assert.equal(
        await sendBytes(desk.port, `CONNECT evil.test:443 HTTP/1.1\r\nHost: localhost:${desk.port}\r\n\r\n`),
        '',
      );
    });

    test('a wrong method on a known path gets 405 with the allowed methods', async () => {
      const allowed: [path: string, allow: string][] = [
        ['/', 'GET, POST, HEAD'],
        ['/settings', 'GET, POST, HEAD'],
        ['/signed-out', 'GET, HEAD'],
        ['/privacy-notice', 'GET, HEAD'],
        ['/health', 'GET, HEAD'],
        ['/dashboard', 'GET, HEAD'],
        ['/cookies', 'GET, HEAD'],
        ['/api/me', 'GET, HEAD'],
        ['/api/cookies', 'GET, HEAD'],
        ['/assets/nothing.css', 'GET, HEAD'],
        ['/logout', 'GET, POST, HEAD'],
      ];
      for (const [path, allow] of allowed) {
        const answer = await send(`OPTIONS ${path} HTTP/1.1`);
        assert.equal(answer.status, 405, path);
        assert.equal(answer.header('allow'), allow, path);
      }
      assert.equal((await send('OPTIONS * HTTP/1.1')).status, 404);
    });

    test('request smuggling: the connection is closed, and the inner request is not executed', async () => {
      const head = [
        'Host: desk.test',
        ...own,
        'Content-Type: application/x-www-form-urlencoded',
        'Origin: https://desk.test',
      ];
      const inside = `GET /api/me HTTP/1.1\r\n${[...head, 'Connection: close'].join('\r\n')}\r\n\r\n`;
      const framings = {
        'CL and TE': ['Content-Length: 6', 'Transfer-Encoding: chunked'],
        'TE and CL': ['Transfer-Encoding: chunked', 'Content-Length: 6'],
        'TE twice': ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity', 'Content-Length: 6'],
        'TE in disguise': ['Transfer-Encoding: xchunked', 'Content-Length: 6'],
        'TE with a space': ['Transfer-Encoding : chunked', 'Content-Length: 6'],
        'TE folded': ['Transfer-Encoding:', ' chunked', 'Content-Length: 6'],
        'TE not last': ['Transfer-Encoding: chunked, identity'],
        'two lengths': ['Content-Length: 0', 'Content-Length: 6'],
        'two equal lengths': ['Content-Length: 6', 'Content-Length: 6'],
        'a list of lengths': ['Content-Length: 6, 6'],
        'a negative length': ['Content-Length: -1'],
        'a length with a sign': ['Content-Length: +6'],
        'a length in hex': ['Content-Length: 0x6'],
        'a huge length': ['Content-Length: 99999999999999999999'],
        'a bad chunk': ['Transfer-Encoding: chunked', '', 'zz', 'x'],
        'bare line feeds': ['X: 1\nTransfer-Encoding: chunked', 'Content-Length: 6'],
        'a bare carriage return': ['X: 1\rTransfer-Encoding: chunked', 'Content-Length: 6'],
      };
      for (const [about, lines] of Object.entries(framings)) {
        const bytes = `POST /logout HTTP/1.1\r\n${[...head, ...lines].join('\r\n')}\r\n\r\n0\r\n\r\n${inside}`;
        const text = await leavesStoreAlone(desk, () => sendBytes(desk.port, bytes), about);
        const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => status);
        // A malformed chunk follows a valid head, which gets a response of its own.
        assert.equal(statuses.at(-1), '400', `${about}: ${statuses}`);
        assert.ok(!text.includes(ada.email), about);
      }
      assert.equal((await honest.ask('/api/me')).status, 200);
    });
  });
}
