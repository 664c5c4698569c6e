// Unusual addresses: there is nothing besides the pages, nothing else is served, and none leads to another site.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import fc from 'fast-check';
import { safeReturnPath } from '../src/http/navigation.ts';
import type { Client } from './support/client.ts';
import { ada, begin, type Desk, startDesk, storeKinds } from './support/desk.ts';
import { assertPlain, cookieHeader, gateLines, leavesStoreAlone, needsOf, raw } from './support/hostile.ts';

for (const store of storeKinds) {
  suite(`bad addresses on ${store}`, await needsOf(store), () => {
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

    test('an address that is too long: 414, or 431 beyond the limit for headers', async () => {
      for (const path of ['/', '/dashboard', '/api/me', '/assets/x']) {
        assert.equal((await send(`GET ${path}?${'x'.repeat(5000)} HTTP/1.1`)).status, 414, path);
        assert.equal((await send(`GET ${path}?${'x'.repeat(17_000)} HTTP/1.1`)).status, 414, path);
        assert.equal((await send(`GET ${path}?${'x'.repeat(33_000)} HTTP/1.1`)).status, 431, path);
      }
    });

    test('headers of 32 KB are accepted; larger ones get a page with advice and one log line', async () => {
      const cookies = (bytes: number) => {
        const part = 'x'.repeat(4_000);
        const parts = Array.from({ length: Math.floor(bytes / 4_020) }, (_, i) => `other_app_${i}=${part}`);
        return [...own.slice(0, -1), `${own.at(-1)}; ${parts.join('; ')}`];
      };
      const whole = await send('GET /api/me HTTP/1.1', cookies(29_000));
      assert.equal(whole.status, 200);
      assert.match(whole.body, /ada@example\.org/);
      const told = () => desk.logLines.filter((line) => line.includes('request.headers_too_large'));
      const before = told().length;
      for (const path of ['/dashboard', '/api/me', '/health']) {
        const refused = await send(`GET ${path} HTTP/1.1`, cookies(37_000));
        assert.equal(refused.status, 431);
        assert.match(refused.body, /Clear the cookies of this site in your browser/);
        assert.match(refused.header('content-security-policy') ?? '', /^default-src 'none'/);
        assert.equal(refused.header('connection'), 'close');
      }
      assert.ok(told().length - before <= 1, 'a flood is one line');
      assert.equal(told().length, 1);
      assert.doesNotMatch(told().join(''), /xxxx|ada@/);
    });

    test('unknown paths: 404 for members, no information for anyone else', async () => {
      const paths =
        `/dashboard/ /Dashboard /DASHBOARD /dashboard/x.css /dashboard.css /dashboard%2f /dashboard%00 /dashboard;x
        /dashboard%3fx /%64ashboard //dashboard /./dashboard /x/../dashboard /dashboard%20 /settings/ /logout/ /api /api/
        /api/me/ /api/me.json /api/ME /api//me /api/../dashboard /.git/config /.git/HEAD /.env /.env.example /package.json
        /src/app.ts /node_modules/express/package.json /data/gatehouse.db /assets /assets/ /assets/../package.json
        /assets/%2e%2e/package.json /assets/..%2fpackage.json /assets/%2e%2e%2f%2e%2e%2fetc/passwd /assets/....//package.json
        /assets/..\\..\\.env /assets/.%00./x /assets/gatehouse.css /assets/__proto__ /assets/constructor /metrics /livez
        /readyz /debug /server-status /robots.txt /oauth2/userinfo /oauth2/sign_in /health/ /health%2f /signed-out/ /privacy-notice/x
        /__proto__ /constructor /%2e%2e/%2e%2e/etc/passwd /..;/dashboard /index.html /wp-login.php`.split(
          /\s+/,
        );
      for (const path of paths) {
        assert.equal((await send(`GET ${path} HTTP/1.1`)).status, 404, path);
        const visitor = await send(`GET ${path} HTTP/1.1`, []);
        assert.equal(visitor.status, /^\/api\/./.test(path) ? 401 : 404, `${path} for a visitor`);
        assert.doesNotMatch(visitor.body, /"dependencies"|root:x:/);
      }
      for (const path of ['/assets/%', '/assets/%ff', '/api/%ff%fe', '/assets/%c0%ae%c0%ae/x']) {
        assert.ok([400, 404].includes((await send(`GET ${path} HTTP/1.1`)).status), path);
      }
    });

    test('no address redirects off this site', async () => {
      const lines = [
        'GET //evil.example/dashboard HTTP/1.1',
        'GET ///evil.example/dashboard HTTP/1.1',
        'GET /\\evil.example HTTP/1.1',
        'GET /\\/evil.example/dashboard HTTP/1.1',
        'GET /%5cevil.example HTTP/1.1',
        'GET /.//evil.example HTTP/1.1',
        'GET http://evil.example/dashboard HTTP/1.1',
        'GET https://evil.example/settings?x HTTP/1.1',
        'GET //evil.example@desk.test/dashboard HTTP/1.1',
        'GET /dashboard?rd=https://evil.example HTTP/1.1',
        'GET /dashboard?rd=//evil.example&returnTo=https://evil.example&next=//evil.example HTTP/1.1',
        'GET /dashboard?%0d%0aLocation:https://evil.example HTTP/1.1',
        'GET /dashboard?x=\\evil.example HTTP/1.1',
        'GET /dashboard?//evil.example HTTP/1.1',
        'GET /dashboard?x=javascript:alert(1)#//evil.example HTTP/1.1',
        'GET javascript:alert(1) HTTP/1.1',
      ];
      for (const line of lines) {
        for (const more of [[], own]) {
          const answer = await send(line, more);
          const location = answer.header('location');
          assert.equal(answer.all('location').length, location === undefined ? 0 : 1);
          if (location === undefined) continue;
          assert.ok(location.startsWith('/oauth2/start?rd='), line);
          const returnTo = new URL(location, 'https://desk.test').searchParams.get('rd') ?? '';
          assert.equal(new URL(returnTo, 'https://desk.test').origin, 'https://desk.test', line);
          assert.ok(returnTo.startsWith('/dashboard') || returnTo === '/', line);
        }
      }
    });
  });
}

suite('the return path', () => {
  const staysHere = (path: string) => {
    const result = safeReturnPath(path);
    const url = new URL(result, 'https://desk.test');
    assert.equal(url.origin, 'https://desk.test', JSON.stringify(path));
    assert.ok(result === '/' || result === path);
    // The result is the requested path, not what a browser normalises it to.
    assert.ok(!url.pathname.startsWith('//') || result.startsWith('/.'), JSON.stringify(path));
  };

  test('any text leads to a path on this site', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), staysHere), { numRuns: 2000 });
    const parts = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      '\t',
      '\n',
      '\r',
      '\0',
      ' ',
      '%09',
      '%2f',
      '%5c',
      '@',
      ':',
      '?',
      '#',
      'evil.example',
      'https:',
      'javascript:',
      '\u00a0',
      '\u2028',
      '\ufeff',
      '。',
      '／',
      'x',
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 8 }), (all) => staysHere(all.join(''))),
      { numRuns: 20_000 },
    );
    fc.assert(
      fc.property(fc.array(parts, { maxLength: 8 }), (all) => staysHere(`/${all.join('')}`)),
      { numRuns: 20_000 },
    );
  });

  test('a valid path is kept, with its query', () => {
    for (const path of ['/', '/dashboard', '/settings?saved=1', '/a/b?c=d&e=%2F%2Fx#f', '/x?//y']) {
      assert.equal(safeReturnPath(path), path);
    }
    assert.equal(safeReturnPath(`/${'x'.repeat(2000)}`), '/');
  });
});
