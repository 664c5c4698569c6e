// The whole program behind the real oauth2-proxy: sessions in cookies of many parts, and other host names of the site.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import { type StandInForGoogle, startGoogle } from '../demo/google.ts';
import { need } from './support/requirement.ts';
import { startWorld, type World } from './support/world.ts';

suite('large cookies and other host names, through the gate', await need('oauth2-proxy'), () => {
  let google: StandInForGoogle;
  let world: World;
  before(async () => {
    google = await startGoogle({ accessTokenBytes: 15_000 });
    world = await startWorld({ gate: { google }, env: { PUBLIC_URL_ALIASES: 'http://other.test' } });
  });
  after(async () => {
    await world.close();
    await google.close();
  });

  test('a gate session in many parts is accepted up to 32 KB; beyond that the gate’s page appears and a line is logged', async () => {
    const device = world.client();
    assert.equal((await device.signIn('ada@example.org')).status, 200);
    const parts = [...device.cookies.keys()].filter((name) => /^_oauth2_proxy_\d+$/.test(name));
    const bytes = [...device.cookies].reduce((sum, [name, value]) => sum + name.length + value.length + 3, 0);
    assert.ok(parts.length >= 6 && bytes > 24_000 && bytes < 32_000, `${parts.length} parts, ${bytes} bytes`);
    assert.equal((await device.ask('/devices')).status, 200);
    const { csrfToken } = (await device.ask('/api/me')).json<{ csrfToken: string }>();
    const change = {
      method: 'POST',
      headers: { origin: world.url, 'x-csrf-token': csrfToken, 'content-type': 'application/json' },
      body: '{"theme":"dark"}',
    };
    assert.equal((await device.ask('/settings', change)).status, 303);

    device.cookies.set('other_app_1', 'x'.repeat(4_000));
    device.cookies.set('other_app_2', 'x'.repeat(4_000));
    const refused = await device.ask('/dashboard');
    assert.equal(refused.status, 431);
    assert.match(refused.text, /Clear the cookies of this site in your browser/);
    // The child's output may arrive later.
    await waitFor('the line about it', async () =>
      world.appLines.some((line) => line.includes('"event":"request.headers_too_large"')),
    );
  });

  test('another host name redirects to the main one: visitors on the front page, members everywhere', async () => {
    const headers = { host: 'other.test' };
    const visitor = world.client();
    const front = await visitor.ask('/', { headers });
    assert.equal(front.status, 302);
    assert.equal(front.location, `${world.url}/`);
    const device = world.client();
    await device.signIn('ada@example.org');
    const page = await device.ask('/devices?tab=1', { headers });
    assert.equal(page.location, `${world.url}/devices?tab=1`);
    const change = await device.ask('/', {
      method: 'POST',
      headers: { ...headers, origin: 'http://other.test' },
    });
    assert.equal(change.status, 421);

    // What docs/deploy.md warns about: the cookie of this attempt stays on the other host name.
    const start = await visitor.ask('/dashboard', { headers });
    const chooser = new URL(start.location ?? '');
    assert.equal(chooser.searchParams.get('redirect_uri'), `${world.url}/oauth2/callback`);
  });
});
