// One site under several spellings and several host names: which Host is ours, where the others redirect, and which changes they accept.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { isOrigin, readHost } from '../src/http/public-name.ts';
import { ada, begin, type Desk, startDesk, storeKinds } from './support/desk.ts';
import {
  assertPlain,
  cookieHeader,
  formType,
  gateLines,
  leavesStoreAlone,
  needsOf,
  raw,
} from './support/hostile.ts';

suite('normalising Host', () => {
  test('the default port of the scheme is left out, and IPv6 is shortened', () => {
    for (const [host, scheme, read] of [
      ['desk.test', 'https:', 'desk.test'],
      ['DESK.test:443', 'https:', 'desk.test'],
      ['desk.test:', 'https:', 'desk.test'],
      ['desk.test:80', 'https:', 'desk.test:80'],
      ['desk.test:80', 'http:', 'desk.test'],
      ['desk.test:443', 'http:', 'desk.test:443'],
      ['desk.test:8443', 'https:', 'desk.test:8443'],
      ['[2001:DB8:0:0::1]:443', 'https:', '[2001:db8::1]'],
      ['[::1]:80', 'http:', '[::1]'],
      ['desk.test@evil.test', 'https:', undefined],
      ['desk.test/', 'https:', undefined],
      ['desk%2etest', 'https:', undefined],
      ['desk.test:443:443', 'https:', undefined],
      ['desk.test:99999', 'https:', undefined],
      ['desk.test\t', 'https:', undefined],
      ['desk.test, desk.test', 'https:', undefined],
      ['', 'https:', undefined],
    ] as const) {
      assert.equal(readHost(host, scheme), read, `${host} with ${scheme}`);
    }
  });

  test('an Origin is compared in the same way, including its scheme', () => {
    const own = 'https://desk.test';
    for (const origin of [own, 'https://desk.test:443', 'https://DESK.test'])
      assert.equal(isOrigin(origin, own), true, origin);
    for (const origin of [
      'http://desk.test:443',
      'http://desk.test',
      'https://desk.test:80',
      'https://desk.test/',
      'https://desk.test@evil.test',
      'https://evil.test',
      'null',
      '',
    ])
      assert.equal(isOrigin(origin, own), false, origin);
    assert.equal(isOrigin('http://[2001:db8:0::1]:80', 'http://[2001:db8::1]'), true);
  });
});

for (const store of storeKinds) {
  suite(`several host names on ${store}`, await needsOf(store), () => {
    let desk: Desk;
    let signedIn: Awaited<ReturnType<typeof begin>>;
    let own: string[];
    before(async () => {
      desk = await startDesk({
        store,
        settings: { PUBLIC_URL_ALIASES: 'https://old.test, http://desk:8080,https://[2001:db8::7]' },
      });
      signedIn = await begin(desk, ada);
      own = [...gateLines(desk, ada), `Cookie: ${cookieHeader(signedIn.browser)}`];
    });
    after(() => desk.close());

    const change = (host: string, origin: string) =>
      raw(
        desk,
        'POST /settings HTTP/1.1',
        [
          `Host: ${host}`,
          `Origin: ${origin}`,
          ...own,
          `X-CSRF-Token: ${signedIn.csrfToken}`,
          `Content-Type: ${formType}`,
        ],
        'theme=dark&staySignedIn=on',
      );

    test('Host with the https port is the same site, for pages and for changes', async () => {
      for (const host of ['desk.test:443', 'Desk.Test:443', 'desk.test:']) {
        assert.equal((await raw(desk, 'GET /api/me HTTP/1.1', [`Host: ${host}`, ...own])).status, 200, host);
        for (const origin of ['https://desk.test', 'https://desk.test:443'])
          assert.equal((await change(host, origin)).status, 303, `${host} ${origin}`);
      }
      assert.equal((await change('desk.test:443', 'http://desk.test:443')).status, 403);
      for (const host of ['desk.test:80', 'desk.test:4430', 'desk.test:0'])
        assert.equal((await raw(desk, 'GET /api/me HTTP/1.1', [`Host: ${host}`, ...own])).status, 421, host);
    });

    test('another name redirects to the main one: pages keep their address and lead nowhere else', async () => {
      for (const host of ['old.test', 'OLD.test:443', 'desk:8080', '[2001:db8:0:0::7]']) {
        for (const [method, target, location] of [
          ['GET', '/devices?x=1', 'https://desk.test/devices?x=1'],
          ['HEAD', '/', 'https://desk.test/'],
          ['GET', '/api/me', 'https://desk.test/api/me'],
          ['GET', '//evil.test/x', 'https://desk.test//evil.test/x'],
          ['GET', '/\\evil.test', 'https://desk.test/%5Cevil.test'],
          ['GET', 'http://evil.test/x', 'https://desk.test/'],
          ['GET', '@evil.test', undefined],
        ] as const) {
          const line = `${method} ${target} HTTP/1.1`;
          const answer = await leavesStoreAlone(desk, () => raw(desk, line, [`Host: ${host}`, ...own]), line);
          const led = answer.header('location');
          if (location === undefined) {
            assert.ok(led === undefined || led === 'https://desk.test/', `${host} ${line} ${led}`);
            continue;
          }
          assert.equal(answer.status, 302, `${host} ${line}`);
          assert.equal(new URL(led ?? '').origin, 'https://desk.test', led);
          assert.equal(led?.replace('\\', '%5C'), location, `${host} ${line}`);
          assert.deepEqual(answer.all('set-cookie'), []);
          assert.equal(answer.header('cache-control'), 'no-store');
        }
      }
      const style = /href="(\/assets\/[^"]+\.css)"/.exec(signedIn.page.text)?.[1];
      const asset = await raw(desk, `GET ${style} HTTP/1.1`, ['Host: old.test']);
      assert.equal(asset.status, 200, 'the refusal below is shown with its style');
    });

    test('another name accepts no change, and says so', async () => {
      for (const [host, origin] of [
        ['old.test', 'https://old.test'],
        ['old.test', 'https://desk.test'],
        ['desk:8080', 'http://desk:8080'],
      ] as const) {
        const answer = await leavesStoreAlone(desk, () => change(host, origin), `${host} ${origin}`);
        assert.equal(answer.status, 421);
        assertPlain(answer.body, host);
        assert.match(answer.body, /"code":"other_name"|This name only leads to the site/);
        assert.match(answer.body, /Nothing was changed/);
      }
      assert.equal(
        (await change('desk.test', 'https://old.test')).status,
        403,
        'nor from a page of that name',
      );
    });

    test('an unknown name is refused as before', async () => {
      for (const host of [
        'older.test',
        'old.test.evil.test',
        'old.test:8443',
        'desk',
        'desk:80',
        'old.test@desk.test',
      ])
        assert.equal((await raw(desk, 'GET / HTTP/1.1', [`Host: ${host}`])).status, 421, host);
      const twice = await raw(desk, 'GET / HTTP/1.1', ['Host: old.test', 'Host: desk.test']);
      assert.equal(twice.status, 421);
    });
  });
}
