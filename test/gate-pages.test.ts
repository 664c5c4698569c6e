// The gate's own page names the problem for every cause in the real oauth2-proxy, and shows none of its messages.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import { accounts, type StandInForGoogle, startGoogle } from '../demo/google.ts';
import type { Answer } from './support/client.ts';
import { type GateOnly, startGateOnly } from './support/gate-only.ts';
import { gateIsAtLeast, need } from './support/requirement.ts';

const eve = {
  sub: '119000000000000000000',
  email: 'eve@example.org',
  name: 'Eve',
  about: 'Google has not verified her address',
  isVerified: false,
};
const heading = ({ text }: Answer) => /<h1>([^<]*)<\/h1>/.exec(text)?.[1];

suite('the gate’s own error pages', await need('oauth2-proxy'), () => {
  let google: StandInForGoogle;
  let world: GateOnly;
  before(async () => {
    google = await startGoogle({ people: [...accounts, eve] });
    world = await startGateOnly({ google });
    world.allow(['ada@example.org', eve.email]);
  });
  after(async () => {
    await world.close();
    await google.close();
  });

  test('an address that Google has not verified: the page says so, even if it is on the list', async () => {
    const device = world.client();
    const answer = await device.signIn(eve.email);
    // Before 7.15.6 this was an internal server error.
    assert.equal(answer.status, (await gateIsAtLeast('7.15.6')) ? 403 : 500);
    assert.equal(heading(answer), 'Google has not verified this address');
    assert.doesNotMatch(answer.text, /not on the list|still signed in|http-equiv="refresh"|eve@|not listed/);
    assert.match(answer.text, /href="https:\/\/myaccount\.google\.com\/email"/);
    assert.equal(device.cookies.has('_oauth2_proxy'), false);
  });

  test('an address that is not on the list, at sign-in and when it is removed later', async () => {
    const answer = await world.client().signIn('mallory@example.net');
    assert.equal(answer.status, 403);
    assert.equal(heading(answer), 'This account is not on the list');
    assert.doesNotMatch(answer.text, /mallory|unauthorized/);
    const device = world.client();
    assert.equal((await device.signIn('ada@example.org')).status, 200);
    world.allow([eve.email]);
    const later = await waitFor('the list to be read again', async () => {
      const next = await device.ask('/dashboard');
      return next.status === 403 && next;
    });
    assert.equal(heading(later), 'This account is not on the list');
    world.allow(['ada@example.org', eve.email]);
  });

  test('an unfinished sign-in: cancelled, started elsewhere, or through a forged link', async () => {
    for (const query of [
      'error=access_denied&state=abc:/',
      'code=abc&state=abc:/',
      'error=Call%20555-0100%20to%20unlock%20your%20account&state=abc:/',
    ]) {
      const answer = await world.client().ask(`/oauth2/callback?${query}`);
      assert.equal(answer.status, 403, query);
      assert.equal(heading(answer), 'Sign-in was not finished', query);
      assert.doesNotMatch(answer.text, /555-0100|access_denied|was not found|upstream/, query);
      assert.equal(/Unable to find a valid CSRF token/.test(answer.text), query.startsWith('code='), query);
    }
  });

  test('a code that Google refuses is not shown as an outage of the app, and the page does not retry by itself', async () => {
    const device = world.client();
    const chooser = new URL((await device.ask('/dashboard')).location ?? '');
    chooser.searchParams.set('login_hint', 'ada@example.org');
    const back = new URL((await device.ask(chooser.href)).location ?? '');
    back.searchParams.set('code', 'made-up');
    const answer = await device.ask(back.href);
    assert.equal(answer.status, 500);
    assert.equal(heading(answer), 'Sign-in did not work');
    assert.doesNotMatch(answer.text, /http-equiv="refresh"|still signed in|invalid_grant|127\.0\.0\.1/);
  });

  test('an app that is down: the page says to try again, and shows no internal address', async () => {
    const other = await startGateOnly({ upstream: 'http://127.0.0.1:9/' });
    try {
      const answer = await other.client().ask('/');
      assert.equal(answer.status, 502);
      assert.equal(heading(answer), 'Back in a moment');
      assert.match(answer.text, /http-equiv="refresh" content="10"/);
      assert.doesNotMatch(answer.text, /127\.0\.0\.1|refused|dial/);
    } finally {
      await other.close();
    }
  });
});
