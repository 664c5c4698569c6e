// Forged, swapped, duplicate and oversized cookies: none opens a session, and none ends somebody else's.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { createKeyring } from '../src/crypto/keyring.ts';
import { digest, randomToken } from '../src/crypto/tokens.ts';
import type { Client } from './support/client.ts';
import { ada, begin, type Desk, grace, startDesk, storeKinds } from './support/desk.ts';
import {
  assertNoSessionCookie,
  assertPlain,
  cookieHeader,
  gateLines,
  leavesStoreAlone,
  needsOf,
  opened,
  raw,
  sessionIdOf,
  sessionKeyOf,
  sessionName,
  storeContents,
  visitorName,
} from './support/hostile.ts';

const changeAt = (text: string, at: number) =>
  `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;

for (const store of storeKinds) {
  suite(`bad cookies on ${store}`, await needsOf(store), () => {
    let desk: Desk;
    let honest: Client;
    let good: string;
    let visitor: string;
    before(async () => {
      desk = await startDesk({ store });
      honest = (await begin(desk, ada)).browser;
      good = honest.cookies.get(sessionName) ?? '';
      visitor = honest.cookies.get(visitorName) ?? '';
    });
    after(() => desk.close());

    /** Sends a request as the signed-in person, with these cookies instead of their own. */
    const ask = (path: string, cookie: string, headers: Record<string, string> = {}) =>
      desk.browser(ada).ask(path, { headers: { cookie, ...headers } });

    /** Signed in express-session's format, as somebody who has that key would do it. */
    const signed = (id: string, purpose: 'session cookie' | 'visitor cookie' | 'session id') => {
      const mac = createKeyring(desk.config.secretKeys).mac(purpose, id);
      return `s%3A${id}.${encodeURIComponent(Buffer.from(mac, 'base64url').toString('base64').replace(/=+$/, ''))}`;
    };

    test('a value that is not a signed id is not accepted', async () => {
      const id = sessionIdOf(honest);
      const [visitorId = '', , visitorMac = ''] = visitor.split('.');
      const values = {
        nothing: '',
        garbage: '\u00ff\u0080{}[]',
        percent: '%E0%A4%A',
        json: 'j%3A%7B%22handle%22%3A%22x%22%7D',
        'a prefix alone': 's%3A',
        'no signature': `s%3A${id}`,
        'an empty signature': `s%3A${id}.`,
        'a bare id': id,
        'a key of the store': digest(id),
        'a signed key of the store without a key': `s%3A${digest(id)}.${good.split('.')[2]}`,
        'another id, the same signature': `s%3A${randomToken()}.${good.split('.')[2]}`,
        'a signature for another purpose': signed(id, 'visitor cookie'),
        'a key that makes ids': signed(id, 'session id'),
        'a visitor cookie': visitor,
        'a visitor cookie in disguise': `s%3A${visitorId}.${visitorMac}`,
        'a visitor id with its mac': `s%3A${visitor}`,
        'padding after the signature': `${good}%3D`,
        'white space in front': `%20${good}`,
        oversized: 'x'.repeat(5000),
        'oversized behind a good one': `${good}${'x'.repeat(5000)}`,
        ...Object.fromEntries(
          [4, 20, 44, 48, 60, good.length - 2].map((at) => [`letter ${at}`, changeAt(good, at)]),
        ),
      };
      for (const [about, value] of Object.entries(values)) {
        assert.notEqual(value, good);
        const answer = await leavesStoreAlone(desk, () => ask('/api/me', `${sessionName}=${value}`), about);
        assert.equal(answer.status, 401, about);
        assert.deepEqual(answer.setCookies, [], about);
        assertPlain(answer.text, about);
      }
      assert.equal((await ask('/api/me', `${sessionName}=${good}`)).status, 200);
    });

    test('an id unknown to the store is never adopted, even if it is signed correctly', async () => {
      const id = `${randomToken(16)}.${randomToken()}`;
      const cookie = `${sessionName}=${signed(id, 'session cookie')}`;
      assert.equal((await leavesStoreAlone(desk, () => ask('/api/me', cookie))).status, 401);
      const page = await ask('/dashboard', cookie, opened);
      assert.equal(page.status, 200);
      assert.ok(!page.setCookies.join().includes(id));
      assert.equal(await desk.store.sessions.read(id.split('.')[0] ?? ''), undefined);
    });

    test('a session cookie under another name is ignored', async () => {
      for (const name of [
        'session',
        '__Secure-session',
        '__HOST-session',
        '__Host-session ',
        visitorName,
        'connect.sid',
      ]) {
        const answer = await leavesStoreAlone(
          desk,
          () => ask('/api/me', `x=1; ${name}=${good}`.trimEnd(), {}),
          name,
        );
        // Whitespace around a name is not part of it (RFC 6265, section 5.2).
        assert.equal(answer.status, name === '__Host-session ' ? 200 : 401, name);
      }
    });

    test('duplicate session cookies are refused, in any order and encoding, and end no session', async () => {
      const twin = `${sessionName}=${(await begin(desk, ada)).browser.cookies.get(sessionName)}`;
      const own = `${sessionName}=${good}`;
      const pairs = [
        `${own}; ${own}`,
        `${own}; ${twin}`,
        `${twin}; ${own}`,
        `${own}; ${sessionName}=`,
        `${sessionName}=x; ${own}`,
        `${own}; \u00a0${twin}`,
        `\u00a0${twin}`,
        `a=b; \u00a0${twin}; c=d`,
        `${sessionName}\u00a0=x; ${own}`,
      ];
      for (const cookie of pairs) {
        for (const path of ['/api/me', '/dashboard']) {
          const answer = await leavesStoreAlone(desk, () => ask(path, cookie), cookie);
          assert.equal(answer.status, 400, cookie);
          assertPlain(answer.text);
        }
      }
      const lines = [...gateLines(desk, ada), `Cookie: ${own}`, `Cookie: ${twin}`];
      assert.equal((await raw(desk, 'GET /api/me HTTP/1.1', lines)).status, 400);
      assert.equal((await ask('/api/me', own)).status, 200);
      assert.equal((await ask('/api/me', twin)).status, 200);
    });

    test('names of JavaScript properties, empty parts and unusual characters have no effect', async () => {
      const parts = [
        '__proto__=x; constructor=y; toString=z; hasOwnProperty=1',
        '=; ; ;;=x; a; =',
        '__proto__[personId]=1; $Version=1; $Path=/',
        'a="b;c"; d=%00; e=%0d%0aSet-Cookie:x',
      ];
      for (const part of parts) {
        for (const cookie of [`${part}; ${sessionName}=${good}`, `${sessionName}=${good}; ${part}`]) {
          for (const path of ['/api/me', '/dashboard', '/cookies', '/api/cookies', '/settings', '/']) {
            const answer = await leavesStoreAlone(desk, () => ask(path, cookie), cookie);
            assert.equal(answer.status, 200, `${path} ${cookie}`);
            assertNoSessionCookie(answer);
          }
        }
        assert.equal((await leavesStoreAlone(desk, () => ask('/api/me', part))).status, 401);
      }
      assert.equal(Reflect.get({}, 'personId'), undefined);
    });

    test('more headers than the server accepts: 431, and the connection is closed', async () => {
      for (const lines of [
        [`Cookie: ${sessionName}=${'x'.repeat(33_000)}`],
        Array<string>(6000).fill('A: 1'),
      ]) {
        const answer = await leavesStoreAlone(desk, () =>
          raw(desk, 'GET /dashboard HTTP/1.1', [...gateLines(desk, ada), ...lines]),
        );
        assert.equal(answer.status, 431);
        assertPlain(answer.body);
      }
      assert.equal((await honest.ask('/api/me')).status, 200);
    });

    test('another person’s session cookie with one’s own identity ends that session, for scripts and pages', async () => {
      for (const path of ['/api/me', '/dashboard']) {
        const { browser } = await begin(desk, grace);
        const cookie = cookieHeader(browser);
        const answer = await ask(path, cookie);
        assert.equal(answer.status, path === '/api/me' ? 401 : 200);
        assert.ok(!answer.text.includes(grace.email));
        const row = await desk.store.sessions.read(sessionKeyOf(browser));
        assert.equal(row?.ended?.reason, 'person_changed');
        assert.deepEqual(row?.data, {});
        assert.equal((await desk.browser(grace).ask('/api/me', { headers: { cookie } })).status, 401);
      }
    });

    test('a bad visitor cookie is replaced, and gives no access to another visitor’s choices', async () => {
      const chose = desk.browser();
      await chose.ask('/');
      const form = { origin: desk.origin, 'content-type': 'application/x-www-form-urlencoded' };
      await chose.ask('/', { method: 'POST', body: 'theme=dark', headers: form });
      const value = chose.cookies.get(visitorName) ?? '';
      assert.match((await chose.ask('/')).text, /data-theme="dark"/);
      const [id = '', issued = '', mac = ''] = value.split('.');
      const bad = [
        '',
        id,
        `${id}.${issued}`,
        `${id}.${issued}.`,
        `${id}.${Number(issued) + 1}.${mac}`,
        `${changeAt(id, 5)}.${issued}.${mac}`,
        `${value}x`,
        `${digest(id)}.${issued}.${mac}`,
        good,
        `${sessionIdOf(honest)}.${issued}.${good.split('.')[2]}`,
        'x'.repeat(5000),
        `${value}; ${visitorName}=${value}`,
        `x; \u00a0${visitorName}=${value}`,
      ];
      const before = await storeContents(desk);
      for (const text of bad) {
        const answer = await desk.browser().ask('/', { headers: { cookie: `${visitorName}=${text}` } });
        assert.equal(answer.status, 200, text);
        assert.match(answer.text, /data-theme="auto"/, text);
        assert.equal(answer.setCookies.length, 1, text);
        assert.match(answer.setCookies[0] ?? '', /^__Host-visitor_session_id=[\w-]{43}\./);
      }
      assert.equal(await storeContents(desk), before);
    });
  });
}
