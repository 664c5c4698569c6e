// A form that arrives after the gate's own session has ended: the gate asks for a sign-in and then opens the form's address by GET. That
// redirects to the form's page, which says that nothing was changed.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { allRoutes } from '../src/wiring/all-routes.ts';
import { createClient } from './support/client.ts';
import { ada, begin, type Desk, startDesk } from './support/desk.ts';
import { formType } from './support/hostile.ts';
import { need } from './support/requirement.ts';
import { type Whole, wholeParts } from './support/whole.ts';
import { startWorld, type World } from './support/world.ts';

const notice = /You had to sign in again\. Nothing was changed\./;

suite('a form’s address, opened by GET', () => {
  let whole: Whole;
  let desk: Desk;
  before(async () => {
    whole = wholeParts();
    desk = await startDesk({ store: 'sqlite', parts: whole.parts });
  });
  after(async () => {
    await desk.close();
    whole.close();
  });

  test('every form names its page, and its address redirects there with the notice', async () => {
    const { browser } = await begin(desk, ada);
    const forms = allRoutes.filter(
      ({ method, path, who }) => method === 'POST' && who !== 'public' && !path.startsWith('/api/'),
    );
    assert.ok(forms.length > 15);
    for (const { path, page } of forms) {
      assert.ok(page !== undefined, `${path} names its page`);
      const isPage = allRoutes.some((row) => row.path === path && row.method === 'GET');
      const answer = await browser.ask(isPage ? `${path}?sent=1` : path);
      assert.equal(answer.status, 303, path);
      assert.equal(answer.location, `${page}?signed-in-again=1`, path);
      // Nobody else is signed in here, so a page about other devices redirects to the list.
      const shown = await browser.ask(answer.location ?? '');
      if (shown.status === 303) continue;
      assert.equal(shown.status, 200, path);
      assert.match(shown.text, notice, path);
    }
  });

  test('a page that is only visited shows no notice', async () => {
    const { browser } = await begin(desk, ada);
    for (const path of ['/settings', '/logout', '/devices', '/radar/end-everyone'])
      assert.doesNotMatch((await browser.ask(path)).text, notice, path);
  });

  test('each form whose address is also a page marks in its address that it was sent', async () => {
    const { browser } = await begin(desk, ada);
    await begin(desk, ada, { 'user-agent': 'another device' });
    const twins = new Set(
      allRoutes
        .filter(({ path, method, page }) => method === 'POST' && page !== undefined && isPage(path))
        .map(({ path }) => path),
    );
    for (const path of [
      '/settings',
      '/logout',
      '/devices/end-others',
      '/radar/end-everyone',
      '/vault/rekey',
    ]) {
      const { text } = await browser.ask(path);
      const actions = [...text.matchAll(/<form method="post" action="([^"?]*)(\?sent=1)?"/g)];
      assert.ok(actions.length > 0, path);
      for (const [, action = '', sent] of actions)
        assert.equal(sent !== undefined, twins.has(action), action);
    }
  });
});

function isPage(path: string): boolean {
  return allRoutes.some((row) => row.path === path && row.method === 'GET');
}

suite('the same through oauth2-proxy', await need('oauth2-proxy'), () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.close());

  /** A browser whose session at the gate is over while its session here continues. */
  async function signedOutAtGate() {
    const device = createClient(world.url);
    const page = await device.signIn('ada@example.org');
    const token = /name="_csrf" value="([^"]+)"/.exec(page.text)?.[1] ?? '';
    for (const name of [...device.cookies.keys()])
      if (name.includes('oauth2_proxy')) device.cookies.delete(name);
    /** Sends a form, signs in at Google if asked to, and follows redirects to the end. */
    const send = async (path: string, fields: Record<string, string> = {}) => {
      let answer = await device.ask(path, {
        method: 'POST',
        body: new URLSearchParams({ _csrf: token, ...fields }).toString(),
        headers: { origin: world.url, 'content-type': formType, accept: 'text/html' },
      });
      for (let hop = 0; hop < 10 && answer.location; hop++) {
        const next = new URL(answer.location, world.url);
        if (next.origin !== world.url) next.searchParams.set('login_hint', 'ada@example.org');
        answer = await device.ask(next.href, {
          headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
        });
      }
      return answer;
    };
    return { device, send };
  }

  test('a device that was to be ended is still there, and its page says that nothing was changed', async () => {
    const { device, send } = await signedOutAtGate();
    const answer = await send('/devices/end', { handle: 'not-that-it-matters' });
    assert.equal(answer.status, 200);
    assert.match(answer.text, notice);
    assert.match(answer.text, /<h1>Where you are signed in<\/h1>/);
    assert.equal((await device.ask('/api/me')).status, 200);
  });

  test('a sign-out is asked for again, and takes one click', async () => {
    const { device, send } = await signedOutAtGate();
    const asked = await send('/logout?sent=1');
    assert.equal(asked.status, 200);
    assert.match(asked.text, notice);
    assert.match(asked.text, /Sign out of this device\?/);
    const token = /name="_csrf" value="([^"]+)"/.exec(asked.text)?.[1] ?? '';
    const answer = await device.ask('/logout?sent=1', {
      method: 'POST',
      body: new URLSearchParams({ _csrf: token }).toString(),
      headers: { origin: world.url, 'content-type': formType },
    });
    assert.equal(answer.status, 303);
    assert.match(answer.location ?? '', /^\/oauth2\/sign_out/);
    assert.equal((await device.ask('/api/me')).status, 401);
  });
});
