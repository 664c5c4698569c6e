// Everything in a real Chromium through the real oauth2-proxy: signing in, using the pages, signing out, and staying out. On SQLite over
// plain http as on a laptop, and on Redis behind https with `__Host-` cookies.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from './support/chromium.ts';
import { need } from './support/requirement.ts';
import { startWorld, type World } from './support/world.ts';

const worlds = [
  { store: 'sqlite', https: false, prefix: '' },
  { store: 'redis', https: true, prefix: '__Host-' },
] as const;

for (const { store, https, prefix } of worlds) {
  const tools = [
    'oauth2-proxy',
    'chromium',
    ...(store === 'redis' ? (['redis-server', 'openssl'] as const) : []),
  ] as const;
  suite(`in a browser, on ${store}${https ? ' behind https' : ''}`, await need(...tools), () => {
    let world: World;
    let browser: Browser;
    before(async () => {
      world = await startWorld({ store, https });
      browser = await launchChromium();
    });
    after(async () => {
      await browser?.close();
      await world?.close();
    });

    async function newPage(): Promise<{ page: Page; faults: string[] }> {
      const context = await browser.newContext({ ignoreHTTPSErrors: true });
      const page = await context.newPage();
      const faults: string[] = [];
      page.on('console', (message) => {
        // The browser itself logs pages that answer 401 on purpose.
        if (message.type() === 'error' && !/status of 40[13]/.test(message.text()))
          faults.push(message.text());
      });
      page.on('pageerror', (error) => faults.push(error.message));
      return { page, faults };
    }

    async function cookieOf(page: Page, name: string) {
      return (await page.context().cookies(world.url)).find((cookie) => cookie.name === `${prefix}${name}`);
    }

    async function signIn(page: Page, email: string) {
      await page.goto(`${world.url}/`);
      await page
        .getByRole('link', { name: /sign in with google/i })
        .first()
        .click();
      await page.getByText(email).click();
      await page.waitForURL(`${world.url}/dashboard`);
    }

    test('landing page, sign-in, dashboard, cookies, sign-out, and no way back to the pages', async () => {
      const { page, faults } = await newPage();
      await page.goto(`${world.url}/`);
      await page.getByLabel('Dark').check();
      await page.getByRole('button', { name: /save/i }).click();
      await page.waitForLoadState();
      assert.equal(await page.getAttribute('html', 'data-theme'), 'dark');
      const visitorBefore = await cookieOf(page, 'visitor_session_id');
      assert.ok(visitorBefore);

      await signIn(page, 'ada@example.org');
      assert.match((await page.textContent('h1')) ?? '', /ada@example\.org/);
      assert.equal(await page.getAttribute('html', 'data-theme'), 'dark', 'the choice moved along');
      const session = await cookieOf(page, 'session');
      const visitorAfter = await cookieOf(page, 'visitor_session_id');
      for (const cookie of [session, visitorAfter]) {
        assert.ok(cookie);
        assert.deepEqual(
          { httpOnly: cookie.httpOnly, secure: cookie.secure, sameSite: cookie.sameSite, path: cookie.path },
          { httpOnly: true, secure: https, sameSite: 'Lax', path: '/' },
        );
        assert.ok(Math.abs(cookie.expires - (Date.now() / 1000 + 604_800)) < 60);
      }
      const idOf = (cookie: { value: string } | undefined) => cookie?.value.split('.')[0];
      assert.notEqual(idOf(visitorAfter), idOf(visitorBefore));

      await page.getByRole('link', { name: 'Cookies' }).first().click();
      const text = (await page.textContent('main')) ?? '';
      for (const name of ['session', 'visitor_session_id', '_oauth2_proxy'])
        assert.ok(text.includes(`${prefix}${name}`));
      const html = await page.content();
      for (const cookie of await page.context().cookies(world.url)) {
        for (const part of decodeURIComponent(cookie.value).replace(/^s:/, '').split(/[.|]/)) {
          if (part.length > 20)
            assert.ok(!html.includes(part), `a part of ${cookie.name}’s value is on the page`);
        }
      }

      const copy = await page.context().cookies(world.url);
      await page.getByRole('button', { name: 'Sign out' }).first().click();
      await page.waitForURL(`${world.url}/signed-out`);
      assert.equal(await cookieOf(page, 'session'), undefined);
      assert.equal(await cookieOf(page, '_oauth2_proxy'), undefined, 'the gate let go as well');

      await page.goBack();
      await page.waitForLoadState();
      assert.ok(
        !(await page.content()).includes('ada@example.org') || !page.url().startsWith(world.url),
        page.url(),
      );
      await page.goto(`${world.url}/dashboard`);
      assert.ok(page.url().startsWith(world.google.origin), 'the next click lands on Google’s sign-in');

      // Somebody who copied every cookie gets no further: the app has ended the session, whatever the gate says.
      const thief = await newPage();
      await thief.page.context().addCookies(copy);
      const answer = await thief.page.context().request.get(`${world.url}/api/me`, { maxRedirects: 0 });
      assert.equal(answer.status(), 401);
      assert.deepEqual(faults, []);
    });

    test('the old visitor id is not accepted after sign-in', async () => {
      const { page } = await newPage();
      await page.goto(`${world.url}/`);
      const before = await page.context().cookies(world.url);
      await signIn(page, 'grace@example.org');
      const { page: other } = await newPage();
      await other.context().addCookies(before);
      await other.goto(`${world.url}/`);
      const now = await cookieOf(other, 'visitor_session_id');
      const old = before.find((cookie) => cookie.name === `${prefix}visitor_session_id`);
      assert.notEqual(now?.value, old?.value);
    });

    test('a person who is not on the allow-list is refused', async () => {
      const { page } = await newPage();
      await page.goto(`${world.url}/dashboard`);
      await page.getByText('mallory@example.net').click();
      await page.waitForURL(new RegExp(`^${world.url}/oauth2/callback`));
      assert.match((await page.textContent('h1')) ?? '', /not on the list/);
      assert.equal(await cookieOf(page, 'session'), undefined);
      assert.equal((await page.goto(`${world.url}/api/me`))?.status(), 401);
    });

    test('the app restarts after a crash with every session intact', async () => {
      const { page } = await newPage();
      await signIn(page, 'ada@example.org');
      const before = await cookieOf(page, 'session');
      await world.killApp();
      await world.restartApp();
      await page.goto(`${world.url}/dashboard`);
      assert.match((await page.textContent('h1')) ?? '', /ada@example\.org/);
      assert.equal((await cookieOf(page, 'session'))?.value, before?.value);
    });

    test('an ended session followed by a new Google sign-in is admitted at once, with a notice', async () => {
      const { page } = await newPage();
      await signIn(page, 'ada@example.org');
      const copy = (await page.context().cookies(world.url)).filter((cookie) =>
        cookie.name.endsWith('session'),
      );
      await page.getByRole('button', { name: 'Sign out' }).first().click();
      await page.waitForURL(`${world.url}/signed-out`);
      await page.context().addCookies(copy);
      await signIn(page, 'ada@example.org');
      assert.match((await page.textContent('main')) ?? '', /was ended/);
    });

    test('settings work by keyboard alone, without scripts', async () => {
      const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false });
      const page = await context.newPage();
      await signIn(page, 'grace@example.org');
      await page.goto(`${world.url}/settings`);
      await page.getByLabel('Light').focus();
      await page.keyboard.press('Space');
      await page.getByLabel(/stay signed in/i).focus();
      await page.keyboard.press('Space');
      await page.keyboard.press('Enter');
      await page.waitForURL(`${world.url}/settings?saved=1`);
      assert.equal(await page.getAttribute('html', 'data-theme'), 'light');
      assert.equal((await cookieOf(page, 'session'))?.expires, -1, 'until the browser closes');
    });
  });
}
