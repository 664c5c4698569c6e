// Signing in: everything is new, once; the visitor becomes a member; keys change without anyone noticing. On both stores.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import type { Client } from './support/client.ts';
import { ada, also, begin, type Desk, grace, startDesk, storeKinds } from './support/desk.ts';
import { need } from './support/requirement.ts';

const sessionName = '__Host-session';
const visitorName = '__Host-visitor_session_id';
const day = 86_400_000;

function choose(browser: Client, desk: Desk, body: string, headers: Record<string, string> = {}) {
  const form = { origin: desk.origin, 'content-type': 'application/x-www-form-urlencoded' };
  return browser.ask('/', { method: 'POST', body, headers: { ...form, ...headers } });
}

const themeOf = (page: string) => /data-theme="(\w+)"/.exec(page)?.[1];

for (const store of storeKinds) {
  suite(`sign-in on ${store}`, await need(...(store === 'redis' ? (['redis-server'] as const) : [])), () => {
    let desk: Desk;
    before(async () => {
      desk = await startDesk({ store });
    });
    after(() => desk.close());

    test('a visitor has a cookie and no row until something is chosen', async () => {
      const browser = desk.browser();
      const page = await browser.ask('/');
      assert.equal(page.status, 200);
      assert.equal(page.setCookies.length, 1);
      assert.match(
        page.setCookies[0] ?? '',
        /^__Host-visitor_session_id=[^;]+; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      );
      assert.deepEqual((await browser.ask('/')).setCookies, []);
      assert.equal(themeOf((await browser.ask('/')).text), 'auto');
      assert.equal((await choose(browser, desk, 'theme=dark')).status, 303);
      assert.equal(themeOf((await browser.ask('/')).text), 'dark');
      assert.match((await browser.ask('/')).text, /notice/i);
    });

    test('sign-in replaces the visitor id: the old one is refused, and its choices become the member’s', async () => {
      const browser = desk.browser();
      await browser.ask('/');
      await choose(browser, desk, 'theme=dark');
      await choose(browser, desk, 'notice=seen');
      const old = browser.cookies.get(visitorName) ?? '';

      const member = desk.browser(grace);
      member.cookies.set(visitorName, old);
      const dashboard = await member.ask('/dashboard');
      assert.equal(dashboard.status, 200);
      assert.equal(themeOf(dashboard.text), 'dark');
      const fresh = member.cookies.get(visitorName) ?? '';
      assert.notEqual(fresh.split('.')[0], old.split('.')[0]);
      assert.equal(
        themeOf((await member.ask('/')).text),
        'dark',
        'public pages of this browser look the same',
      );

      const thief = desk.browser();
      thief.cookies.set(visitorName, old);
      const page = await thief.ask('/');
      assert.equal(themeOf(page.text), 'auto', 'the old id opens nothing');
      assert.notEqual(thief.cookies.get(visitorName)?.split('.')[0], old.split('.')[0], 'and is replaced');
      thief.cookies.set(visitorName, old);
      await choose(thief, desk, 'theme=light');
      assert.notEqual(thief.cookies.get(visitorName)?.split('.')[0], old.split('.')[0]);
      assert.equal(themeOf((await member.ask('/')).text), 'dark');
    });

    test('a visitor without choices gets a new id too, and the old one is refused', async () => {
      const browser = desk.browser();
      await browser.ask('/');
      const old = browser.cookies.get(visitorName) ?? '';
      const member = desk.browser(ada);
      member.cookies.set(visitorName, old);
      await member.ask('/dashboard');
      assert.notEqual(member.cookies.get(visitorName), old);
      const again = desk.browser();
      again.cookies.set(visitorName, old);
      await again.ask('/');
      assert.notEqual(again.cookies.get(visitorName), old);
    });

    test('a member’s choices win over those of a later visitor', async () => {
      const person = { id: '300', email: 'member@example.org' };
      const { change } = await begin(desk, person);
      await change('/settings', { theme: 'light', staySignedIn: 'on' });
      const browser = desk.browser(person);
      await browser.ask('/');
      await choose(browser, desk, 'theme=dark');
      assert.equal(themeOf((await browser.ask('/dashboard')).text), 'light');
    });

    test('session id and anti-forgery token are new at each sign-in; a presented id is not adopted', async () => {
      const first = await begin(desk, ada);
      const planted = desk.browser(ada);
      planted.cookies.set(sessionName, `s%3A${'A'.repeat(43)}.${'B'.repeat(43)}`);
      await planted.ask('/dashboard');
      const second = await begin(desk, ada);
      const ids = [first.browser, planted, second.browser].map((browser) => browser.cookies.get(sessionName));
      assert.equal(new Set(ids).size, 3);
      const crossed = await second.browser.ask('/settings', {
        method: 'POST',
        body: 'theme=dark',
        headers: {
          origin: desk.origin,
          'content-type': 'application/x-www-form-urlencoded',
          'x-csrf-token': first.csrfToken,
        },
      });
      assert.equal(crossed.status, 403);
    });

    test('tabs that open at the same moment share one session', async () => {
      const tabs = Array.from({ length: 5 }, () => {
        const tab = desk.browser(ada);
        tab.cookies.set('__Host-_oauth2_proxy', 'b25lLWJyb3dzZXI|1795450341|c2ln');
        return tab;
      });
      const answers = await Promise.all(tabs.map((tab) => tab.ask('/dashboard')));
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [200, 200, 200, 200, 200],
      );
      assert.equal(new Set(tabs.map((tab) => tab.cookies.get(sessionName))).size, 1);
      const created = desk.logLines.filter((line) => line.includes('session.created')).length;
      const handles = await Promise.all(
        tabs.map(
          async (tab) => (await tab.ask('/api/me')).json<{ session: { handle: string } }>().session.handle,
        ),
      );
      assert.equal(new Set(handles).size, 1);
      assert.equal(
        desk.logLines.filter((line) => line.includes(handles[0] ?? '?') && line.includes('session.created'))
          .length,
        1,
        `${created}`,
      );
    });

    test('another person, and another browser of the same person, never share it', async () => {
      const open = async (person: typeof ada, gateCookie: string) => {
        const browser = desk.browser(person);
        browser.cookies.set('__Host-_oauth2_proxy', gateCookie);
        await browser.ask('/dashboard');
        return browser.cookies.get(sessionName);
      };
      const cookies = await Promise.all([open(ada, 'eA|1|s'), open(ada, 'eQ|1|s'), open(grace, 'eA|1|s')]);
      assert.equal(new Set(cookies).size, 3);
    });

    test('a new start within the sharing window, after that session ended, gets another session', async () => {
      const open = async () => {
        const browser = desk.browser(ada);
        browser.cookies.set('__Host-_oauth2_proxy', 'c2FtZQ|1|s');
        assert.equal((await browser.ask('/dashboard')).status, 200);
        return browser;
      };
      const first = await open();
      const { session } = (await first.ask('/api/me')).json<{ session: { handle: string } }>();
      const row = await desk.store.sessions.findByHandle(session.handle);
      assert.ok(await desk.store.sessions.end(row?.key ?? '', { at: desk.now(), reason: 'too_many' }));
      const again = await open();
      assert.notEqual(again.cookies.get(sessionName), first.cookies.get(sessionName));
      assert.equal((await again.ask('/api/me')).status, 200);
    });

    test('the dashboard shows the previous sign-in', async () => {
      const person = { id: '301', email: 'twice@example.org' };
      const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
      await begin(desk, person, { 'user-agent': firefox });
      const { browser } = await begin(desk, person);
      assert.match((await browser.ask('/dashboard')).text, /Firefox on Linux/);
    });

    test('consent required: no cookie before a choice; with Sec-GPC never one', async (t) => {
      const careful = await also(t, { store, settings: { VISITOR_CONSENT: 'required' } });
      const visitor = careful.browser();
      assert.deepEqual((await visitor.ask('/')).setCookies, []);
      assert.equal((await choose(visitor, careful, 'theme=dark')).setCookies.length, 1);
      assert.equal(themeOf((await visitor.ask('/')).text), 'dark');
      const gpc = careful.browser(undefined, { 'sec-gpc': '1' });
      assert.deepEqual((await gpc.ask('/')).setCookies, []);
      assert.deepEqual((await choose(gpc, careful, 'theme=dark')).setCookies, []);
      const member = careful.browser(ada);
      await member.ask('/dashboard');
      assert.ok(!member.cookies.has(visitorName), 'signing in is no consent either');
    });

    test('a visitor cookie expires by the server’s clock', async () => {
      const browser = desk.browser();
      await browser.ask('/');
      await choose(browser, desk, 'theme=dark');
      const kept = browser.cookies.get(visitorName) ?? '';
      desk.advance(7 * day + 1000);
      browser.cookies.set(visitorName, kept);
      assert.equal(themeOf((await browser.ask('/')).text), 'auto');
      assert.notEqual(browser.cookies.get(visitorName), kept);
    });

    test('a cookie signed with a former key is accepted and signed again; one of a removed key is not', async (t) => {
      const { browser } = await begin(desk, ada);
      await desk.browser().ask('/');
      const oldKey = desk.config.secretKeys[0];
      const newKey = randomBytes(32).toString('hex');
      const during = await also(t, {
        store,
        beside: desk,
        settings: { SECRET_KEY: newKey, SECRET_KEY_FALLBACKS: oldKey },
      });
      const later = await also(t, { store, beside: desk, settings: { SECRET_KEY: newKey } });
      const at = (there: Desk, person?: typeof ada) => {
        const moved = there.browser(person);
        for (const [name, value] of browser.cookies) moved.cookies.set(name, value);
        return moved;
      };
      assert.equal((await at(later, ada).ask('/api/me')).status, 401);

      const member = at(during, ada);
      const answer = await member.ask('/api/me');
      assert.equal(answer.status, 200);
      assert.equal(answer.setCookies.filter((line) => line.startsWith(sessionName)).length, 1);
      assert.deepEqual((await member.ask('/api/me')).setCookies, [], 'once');
      const visitor = at(during);
      const page = await visitor.ask('/');
      assert.equal(page.setCookies.length, 1);
      const visitorId = (cookie: string | undefined) => cookie?.split('.')[0];
      assert.equal(visitorId(visitor.cookies.get(visitorName)), visitorId(browser.cookies.get(visitorName)));

      for (const [name, value] of member.cookies) browser.cookies.set(name, value);
      assert.equal(
        (await at(later, ada).ask('/api/me')).status,
        200,
        'the new signature holds without the old key',
      );
    });

    test('a second gate secret is accepted during a change', async (t) => {
      const fresh = randomBytes(32).toString('hex');
      const old = desk.config.gate.secrets[0];
      const during = await also(t, { store, settings: { GATE_SECRET: fresh, GATE_SECRET_FALLBACKS: old } });
      assert.equal((await during.browser(undefined, desk.gateHeaders(ada)).ask('/dashboard')).status, 200);
      assert.equal((await during.browser(ada).ask('/dashboard')).status, 200);
    });

    test('SameSite=Strict: a click from another site is first redirected within this site, before anything is decided', async (t) => {
      const strict = await also(t, { store, settings: { SECURITY_PROFILE: 'high' } });
      const headers = {
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      };
      const bounced = await strict.browser(ada).ask('/dashboard', { headers });
      assert.equal(bounced.status, 200);
      assert.deepEqual(bounced.setCookies, []);
      assert.match(bounced.text, /http-equiv="refresh" content="0"/);
      const { browser } = await begin(strict, ada);
      const same = { ...headers, 'sec-fetch-site': 'same-origin' };
      const answer = await browser.ask('/dashboard', { headers: same });
      assert.deepEqual(answer.setCookies, []);
      assert.doesNotMatch(answer.text, /http-equiv="refresh"/);
    });
  });
}
