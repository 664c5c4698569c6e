// The reason the product exists, in real browsers through the real oauth2-proxy with Redis: sign a device out from another one, for good,
// here and at the gate; then sign in again with the same browser.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from './support/chromium.ts';
import { ada, also } from './support/desk.ts';
import { need } from './support/requirement.ts';
import { startWorld, type World } from './support/world.ts';

const needed = await need('oauth2-proxy', 'chromium', 'redis-server');

async function signIn(page: Page, world: World, email: string): Promise<void> {
  await page.goto(`${world.url}/dashboard`);
  await page.getByText(email).click();
  await page.waitForURL(`${world.url}/dashboard`);
}

async function newPage(browser: Browser, userAgent?: string): Promise<Page> {
  const context = await browser.newContext(userAgent === undefined ? {} : { userAgent });
  return context.newPage();
}

const phone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1';

suite('signing out another device', needed, () => {
  let world: World;
  let browser: Browser;
  before(async () => {
    world = await startWorld({ store: 'redis' });
    browser = await launchChromium();
  });
  after(async () => {
    await browser?.close();
    await world?.close();
  });

  test('A is ended from B: A lands on Google, the receipt is verified, A can sign in again', async () => {
    const [a, b] = [await newPage(browser, phone), await newPage(browser)];
    await signIn(a, world, 'ada@example.org');
    await signIn(b, world, 'ada@example.org');
    await b.goto(`${world.url}/devices`);
    await b.locator('li', { hasText: 'Safari on iOS' }).getByRole('button').click();
    await b.waitForURL(/\/devices\/receipt/);
    assert.match((await b.textContent('main')) ?? '', /ended at the gate/i);

    await a.goto(`${world.url}/dashboard`);
    assert.ok(a.url().startsWith(world.google.origin), `A lands on ${a.url()}`);
    // The page reloads until the checks after 3 and 10 seconds have found nothing.
    await b
      .getByText(/^Verified at/i)
      .first()
      .waitFor({ timeout: 25_000 });
    const clocks = await b.locator('.receipt time').allTextContents();
    assert.equal(clocks.length, 2);
    for (const text of clocks) assert.doesNotMatch(text, /UTC/, 'by the clock of whoever reads it');

    await a.getByText('ada@example.org').click();
    await a.waitForURL(`${world.url}/dashboard`);
    assert.match((await a.textContent('h1')) ?? '', /ada@example\.org/);
  });

  test('an operator ends all sessions of a person: each of her browsers lands on Google', async () => {
    const [one, two, operator] = [
      await newPage(browser),
      await newPage(browser, phone),
      await newPage(browser),
    ];
    await signIn(one, world, 'grace@example.org');
    await signIn(two, world, 'grace@example.org');
    await signIn(operator, world, 'ada@example.org');
    await operator.goto(`${world.url}/radar?q=grace`);
    await operator
      .getByRole('link', { name: /everywhere/i })
      .first()
      .click();
    await operator
      .getByRole('button', { name: /sign out/i })
      .last()
      .click();
    await operator.waitForURL(/\/radar\/receipt/);
    for (const page of [one, two]) {
      await page.goto(`${world.url}/dashboard`);
      assert.ok(page.url().startsWith(world.google.origin), page.url());
    }
    await operator.goto(`${world.url}/dashboard`);
    assert.match((await operator.textContent('h1')) ?? '', /ada@example\.org/);
  });

  test('removing an address from the list signs that person out everywhere; adding it admits them again', async () => {
    const [grace, operator] = [await newPage(browser), await newPage(browser)];
    await signIn(grace, world, 'grace@example.org');
    await signIn(operator, world, 'ada@example.org');
    await operator.goto(`${world.url}/access/remove?email=grace%40example.org`);
    await operator.getByRole('button', { name: /remove/i }).click();
    await operator.waitForURL(/\/access/);
    const answer = await grace.goto(`${world.url}/dashboard`);
    assert.ok(!grace.url().startsWith(`${world.url}/dashboard`) || answer?.status() === 403, grace.url());
    await operator.goto(`${world.url}/access`);
    await operator
      .getByLabel(/address/i)
      .first()
      .fill('grace@example.org');
    await operator.getByRole('button', { name: /add/i }).click();
    await operator.waitForURL(/\/access/);
    const again = await newPage(browser);
    await signIn(again, world, 'grace@example.org');
    assert.match((await again.textContent('h1')) ?? '', /grace@example\.org/);
  });
});

suite('a form that is older than its token', await need('chromium'), () => {
  test('two tabs: the older one still works after the other has rotated the id', async (t) => {
    const desk = await also(t, { store: 'sqlite', settings: { PUBLIC_URL: 'http://localhost:4180' } });
    const browser = await launchChromium();
    t.after(() => browser.close());
    const context = await browser.newContext({ extraHTTPHeaders: desk.gateHeaders(ada) });
    const [left, other] = [await context.newPage(), await context.newPage()];
    // Makes the page believe that it has been open for a long time.
    const ownClock = `{
      const real = performance.now.bind(performance);
      performance.now = () => real() + (globalThis.ahead ?? 0);
    }`;
    await left.addInitScript({ content: ownClock });
    await left.goto(`${desk.origin}/settings`);
    desk.advance(900_000);
    await other.goto(`${desk.origin}/devices`);
    await other.reload();
    desk.advance(31_000);
    await left.evaluate('globalThis.ahead = 3_600_000');
    await left.getByRole('button', { name: 'Save settings' }).click();
    await left.getByText('Your settings are saved.').waitFor({ timeout: 10_000 });
  });
});
