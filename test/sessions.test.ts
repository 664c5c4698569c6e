// The lifetime of a session: its raw cookie, both limits, revocation, races. On SQLite and on Redis.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import type { Client } from './support/client.ts';
import { ada, also, begin, type Desk, grace, startDesk, storeKinds } from './support/desk.ts';
import { need } from './support/requirement.ts';

const day = 86_400_000;
const cookieName = '__Host-session';

const idOf = (browser: Client) =>
  /^s:([^.]+\.[^.]+)\./.exec(decodeURIComponent(browser.cookies.get(cookieName) ?? ''))?.[1] ?? '';
const keyOf = (browser: Client) => idOf(browser).split('.')[0] ?? '';
const digestOf = (id: string) => createHash('sha256').update(id).digest('base64url');

for (const store of storeKinds) {
  suite(`sessions on ${store}`, await need(...(store === 'redis' ? (['redis-server'] as const) : [])), () => {
    let desk: Desk;
    before(async () => {
      desk = await startDesk({ store });
    });
    after(() => desk.close());

    test('the cookies on the wire are as documented', async () => {
      const { page } = await begin(desk, ada);
      const attributes = page.setCookies.map((line) => line.replace(/=[^;]+/, '='));
      const expected = 'Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Lax';
      assert.deepEqual(attributes.sort(), [
        `__Host-session=; ${expected}`,
        `__Host-visitor_session_id=; ${expected}`,
      ]);
      for (const line of page.setCookies) assert.ok(line.length <= 4096);
    });

    test('an unchanged session’s cookie is not set again', async () => {
      const { browser } = await begin(desk, ada);
      assert.deepEqual((await browser.ask('/dashboard')).setCookies, []);
    });

    test('ids are random, 256 bits, and the store has only a digest', async () => {
      const ids = new Set<string>();
      for (let i = 0; i < 20; i++) {
        const { browser } = await begin(desk, ada);
        const id = idOf(browser);
        const [key = '', secret = ''] = id.split('.');
        assert.equal(Buffer.from(key, 'base64url').length, 16);
        assert.equal(Buffer.from(secret, 'base64url').length, 32);
        const row = await desk.store.sessions.read(key);
        assert.equal(row?.personId, ada.id);
        assert.equal(row.idHash, digestOf(id));
        assert.ok(!JSON.stringify(row).includes(secret));
        ids.add(id);
      }
      assert.equal(ids.size, 20);
    });

    test('only opening a page starts a session', async () => {
      const opened = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-site': 'none' };
      const refused: [string, Record<string, string>][] = [
        ['/api/me', {}],
        ['/api/cookies', opened],
        ['/dashboard', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
        ['/dashboard', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
        ['/dashboard', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }],
        ['/dashboard', { accept: 'application/json' }],
      ];
      for (const [path, headers] of refused) {
        const answer = await desk.browser(ada).ask(path, { headers });
        assert.equal(answer.status, 401, `${path} ${JSON.stringify(headers)}`);
        assert.deepEqual(answer.setCookies, []);
      }
      const json = await desk.browser(ada).ask('/api/me');
      assert.equal(json.json<{ error: { code: string } }>().error.code, 'no_session');
      for (const headers of [{}, opened, { accept: 'text/html' }]) {
        assert.equal((await desk.browser(ada).ask('/dashboard', { headers })).status, 200);
      }
    });

    test('idle: a session without requests ends at its limit, to the second, with a notice', async () => {
      const { browser } = await begin(desk, ada);
      desk.advance(day - 2000);
      assert.equal((await browser.ask('/api/me')).status, 200);
      desk.advance(day - 2000);
      assert.equal((await browser.ask('/api/me')).status, 200, 'the request before counted');
      desk.advance(day + 1000);
      assert.equal((await browser.ask('/api/me')).status, 401);
      const page = await browser.ask('/dashboard');
      assert.equal(page.status, 401);
      assert.match(page.text, /signed out/i);
      assert.ok(!browser.cookies.has(cookieName), 'the dead cookie is taken away');
      assert.equal((await browser.ask('/dashboard')).status, 200, 'and the person can come back');
    });

    test('absolute: no amount of use extends a session beyond its lifetime', async () => {
      const { browser } = await begin(desk, ada);
      for (let i = 0; i < 13; i++) {
        desk.advance(day / 2);
        assert.equal((await browser.ask('/api/me')).status, 200, `after ${(i + 1) / 2} days`);
      }
      desk.advance(day / 2 - 60_000);
      assert.equal((await browser.ask('/api/me')).status, 200);
      desk.advance(60_000);
      assert.equal((await browser.ask('/api/me')).status, 401);
    });

    test('a shorter limit also applies to existing sessions', async (t) => {
      const { browser } = await begin(desk, ada);
      const strict = await also(t, {
        store,
        beside: desk,
        settings: { PERMANENT_SESSION_LIFETIME: '3600' },
      });
      const there = strict.browser(ada);
      for (const [name, value] of browser.cookies) there.cookies.set(name, value);
      assert.equal((await there.ask('/api/me')).status, 200);
      desk.advance(3_600_000);
      assert.equal((await there.ask('/api/me')).status, 401);
    });

    test('the last-seen time is written at most once a minute', async () => {
      const { browser } = await begin(desk, ada);
      const read = async () => (await desk.store.sessions.read(keyOf(browser)))?.lastSeenAt;
      const first = await read();
      desk.advance(30_000);
      await browser.ask('/api/me');
      assert.equal(await read(), first);
      desk.advance(31_000);
      await browser.ask('/api/me');
      assert.ok(((await read()) ?? 0) - (first ?? 0) >= 60_000);
    });

    test('signing out ends the session on the server, for every copy of the cookie', async () => {
      const { browser, change } = await begin(desk, ada);
      const stolen = desk.browser(ada);
      for (const [name, value] of browser.cookies) stolen.cookies.set(name, value);
      const answer = await change('/logout');
      assert.equal(answer.status, 303);
      assert.equal(answer.location, '/oauth2/sign_out?rd=%2Fsigned-out');
      assert.equal(answer.headers['clear-site-data'], '"cache", "storage"');
      assert.deepEqual(answer.setCookies, [
        `${cookieName}=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax`,
      ]);
      assert.equal((await stolen.ask('/api/me')).status, 401);
      const page = await stolen.ask('/dashboard');
      assert.equal(page.status, 401);
      assert.match(page.text, /oauth2\/sign_out\?rd=%2Foauth2%2Fstart/);
      assert.equal((await change('/logout')).status, 401, 'again: there is nothing to end');
    });

    test('another person’s identity ends the session immediately', async () => {
      const { browser } = await begin(desk, ada);
      const taken = desk.browser(grace);
      for (const [name, value] of browser.cookies) taken.cookies.set(name, value);
      assert.equal((await taken.ask('/api/me')).status, 401);
      assert.equal((await browser.ask('/api/me')).status, 401, 'it is over for its owner too');
    });

    test('the same address with another subject is another person', async () => {
      const { browser } = await begin(desk, ada);
      const other = desk.browser({ id: '999', email: ada.email });
      for (const [name, value] of browser.cookies) other.cookies.set(name, value);
      assert.equal((await other.ask('/api/me')).status, 401);
    });

    test('a slow request cannot write an ended session back', async () => {
      const { browser, change, csrfToken } = await begin(desk, ada);
      // Each of these has loaded the session when the sign-out arrives, and saves it afterwards.
      const slow = Array.from({ length: 20 }, (_, i) =>
        browser.ask('/settings', {
          method: 'POST',
          body: `theme=${i % 2 ? 'dark' : 'light'}${i % 3 ? '&staySignedIn=on' : ''}`,
          headers: {
            origin: desk.origin,
            'content-type': 'application/x-www-form-urlencoded',
            'x-csrf-token': csrfToken,
          },
        }),
      );
      const [left] = await Promise.all([change('/logout'), ...slow]);
      assert.equal(left?.status, 303);
      const thief = desk.browser(ada);
      for (const answer of await Promise.all(slow)) {
        for (const line of answer.setCookies) {
          const [pair = ''] = line.split(';');
          if (pair.startsWith(`${cookieName}=s`))
            thief.cookies.set(cookieName, pair.slice(cookieName.length + 1));
        }
      }
      if (thief.cookies.size > 0) assert.equal((await thief.ask('/api/me')).status, 401);
      const row = await desk.store.sessions.read(keyOf(browser));
      assert.ok(row === undefined || row.ended);
    });

    test('a session ended on one replica is refused by the other on the next request', async (t) => {
      const second = await also(t, { store, beside: desk });
      const { browser, change } = await begin(desk, ada);
      const there = second.browser(ada);
      for (const [name, value] of browser.cookies) there.cookies.set(name, value);
      assert.equal((await there.ask('/api/me')).status, 200);
      await change('/logout');
      assert.equal((await there.ask('/api/me')).status, 401);
    });

    test('“stay signed in” off: the cookie ends with the browser, and both limits still apply', async () => {
      const { browser, change } = await begin(desk, ada);
      const off = await change('/settings', { theme: 'auto' });
      assert.equal(off.status, 303);
      assert.equal(off.setCookies.length, 1);
      assert.match(
        off.setCookies[0] ?? '',
        /^__Host-session=s[^;]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      );
      assert.equal(
        (await browser.ask('/api/me')).json<{ session: { staySignedIn: boolean } }>().session.staySignedIn,
        false,
      );
      desk.advance(60_000);
      const on = await change('/settings', { theme: 'auto', staySignedIn: 'on' });
      assert.match(on.setCookies[0] ?? '', /Max-Age=604740/);
      desk.advance(day + 1000);
      assert.equal((await browser.ask('/api/me')).status, 401);
    });

    test('/api/me says who and how, and never an id', async () => {
      const { browser } = await begin(desk, ada, {
        'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      });
      const answer = await browser.ask('/api/me');
      const me = answer.json<{ person: object; session: Record<string, unknown>; csrfToken: string }>();
      assert.deepEqual(me.person, { ...ada, operator: true });
      assert.deepEqual(me.session['device'], { browser: 'Firefox', os: 'Linux', kind: 'desktop' });
      assert.equal(me.session['current'], true);
      assert.ok(!answer.text.includes(idOf(browser)));
      const { browser: hers } = await begin(desk, grace);
      assert.equal(
        (await hers.ask('/api/me')).json<{ person: { operator: boolean } }>().person.operator,
        false,
      );
    });
  });
}
