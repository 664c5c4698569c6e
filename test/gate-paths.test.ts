// Which requests pass oauth2-proxy without a session under the shipped skip_auth_routes, and with what path they arrive.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type GateOnly, startGateOnly } from './support/gate-only.ts';
import { sendRaw } from './support/raw.ts';
import { gateIsAtLeast, need } from './support/requirement.ts';

type Outcome = 'sign-in' | 'tidied' | 'refused' | { readonly arrives: string };

// Since 7.15.5 (GHSA-63jm-59jj-478j) a path that can be read in two ways is never public. Earlier versions cut it off at a `#`.
const isStrict = await gateIsAtLeast('7.15.5');
const arrivesOnlyBefore7155 = (path: string): Outcome => (isStrict ? 'sign-in' : { arrives: path });

const outcomes: Record<string, Outcome> = {
  'GET /': { arrives: '/' },
  'HEAD /': { arrives: '/' },
  'POST /': { arrives: '/' },
  'GET /?a=b': { arrives: '/?a=b' },
  'GET /signed-out': { arrives: '/signed-out' },
  'HEAD /signed-out': { arrives: '/signed-out' },
  'GET /privacy-notice': { arrives: '/privacy-notice' },
  'HEAD /privacy-notice': { arrives: '/privacy-notice' },
  'GET /health': { arrives: '/health' },
  'HEAD /health': { arrives: '/health' },
  'GET /assets/site.css': { arrives: '/assets/site.css' },
  'HEAD /assets/site.css': { arrives: '/assets/site.css' },
  'GET /assets/fonts/a-1_2.woff2': { arrives: '/assets/fonts/a-1_2.woff2' },

  'GET /dashboard': 'sign-in',
  'POST /dashboard': 'sign-in',
  'POST /logout': 'sign-in',
  'PUT /': 'sign-in',
  'DELETE /': 'sign-in',
  'OPTIONS /': 'sign-in',
  'get /': 'sign-in',
  'POST /health': 'sign-in',
  'POST /signed-out': 'sign-in',
  'POST /assets/site.css': 'sign-in',
  'GET /health/': 'sign-in',
  'GET /HEALTH': 'sign-in',
  'GET /healthy': 'sign-in',
  'GET /x/health': 'sign-in',
  'GET /assets': 'sign-in',
  'GET /assets/': 'sign-in',
  'GET /assets/.env': 'sign-in',
  'GET /health%00': 'sign-in',
  'GET /health%0a': 'sign-in',
  'GET /health;/dashboard': 'sign-in',
  'GET /dashboard%3f/health': 'sign-in',
  'GET /dashboard?/health': 'sign-in',
  'GET /dashboard#': 'sign-in',
  'GET /dashboard%23/health': 'sign-in',
  'GET /%64ashboard': 'sign-in',
  'GET /%2fdashboard': 'sign-in',
  'GET http://localhost/dashboard': 'sign-in',

  'GET //dashboard': 'tidied',
  'GET //dashboard/health': 'tidied',
  'GET //health': 'tidied',
  'GET /dashboard/../health': 'tidied',
  'GET /health/../dashboard': 'tidied',
  'GET /assets/../dashboard': 'tidied',
  'GET /ping/../dashboard': 'tidied',
  'GET /oauth2/../dashboard': 'tidied',
  'GET /oauth2/static/../../dashboard': 'tidied',
  'GET /health#/../dashboard': 'tidied',
  'GET /health%23/../dashboard': 'tidied',
  'GET /health%23%2f..%2fdashboard': isStrict ? 'sign-in' : 'tidied',
  'GET http://localhost//dashboard/health': 'tidied',

  'GET /dashboard/..%2fhealth': 'sign-in',
  'GET /health%2f..%2fdashboard': 'sign-in',
  'GET /health%252f..%252fdashboard': 'sign-in',
  'GET /assets/..%2fdashboard': 'sign-in',
  'GET /assets/%2e%2e/dashboard': 'sign-in',
  'GET /assets/%2e%2e%2fdashboard': 'sign-in',
  'GET /assets/%252e%252e%252fdashboard': 'sign-in',
  'GET /assets/%2fdashboard': 'sign-in',
  'GET /assets/x.css/..;/dashboard': 'sign-in',
  'GET /.%2e/dashboard': 'sign-in',
  'GET /signed-out/..\\dashboard': 'sign-in',
  'GET /oauth2/sign_in/..%2f..%2fdashboard': 'sign-in',

  'GET \\dashboard': 'refused',
  'GET /health%0d%0aX: y': 'refused',

  // It matches the decoded path and forwards the original one: the app must distinguish these from its public pages.
  'GET /%68ealth': { arrives: '/%68ealth' },
  'GET /assets/a%2fb.css': { arrives: '/assets/a%2fb.css' },
  'GET /%23/dashboard': arrivesOnlyBefore7155('/%23/dashboard'),
  'GET /health%23/dashboard': arrivesOnlyBefore7155('/health%23/dashboard'),
  'POST /%23/logout': arrivesOnlyBefore7155('/%23/logout'),
  'GET /#/dashboard': arrivesOnlyBefore7155('/#/dashboard'),
  'GET /?x#/dashboard': arrivesOnlyBefore7155('/?x#/dashboard'),
  'GET /?/../dashboard': { arrives: '/?/../dashboard' },
  'GET http://localhost/health': { arrives: 'http://localhost/health' },
};

suite('gate paths', await need('oauth2-proxy'), () => {
  let world: GateOnly;
  before(async () => {
    world = await startGateOnly();
  });
  after(() => world.close());

  for (const [request, expected] of Object.entries(outcomes)) {
    test(`${JSON.stringify(request)}: ${typeof expected === 'string' ? expected : `arrives as ${expected.arrives}`}`, async () => {
      const { port } = world.gate;
      let status = 0;
      let location: string | undefined;
      const arrived = await world.arrivalsOf(async () => {
        const answer = await sendRaw({ port, requestLine: `${request} HTTP/1.1` });
        status = answer.status;
        location = answer.header('location');
      });
      if (typeof expected !== 'string') {
        assert.deepEqual(
          arrived.map(({ path }) => path),
          [expected.arrives],
        );
        assert.ok(!isProtected(expected.arrives), 'no reading of the path makes it a protected page');
        return;
      }
      assert.deepEqual(arrived, []);
      if (expected === 'sign-in')
        assert.ok(status === 302 && location?.startsWith(world.google.origin), `${status}`);
      if (expected === 'tidied')
        assert.ok(status === 301 && !location?.includes('..'), `${status} ${location}`);
      if (expected === 'refused') assert.equal(status, 400);
    });
  }

  test('scripts get 401 instead of a redirect', async () => {
    for (const path of ['/api/me', '/api/x?y', '/api/']) {
      const answer = await world.client().ask(path);
      assert.equal(answer.status, 401, path);
      assert.equal(answer.headers['content-type'], 'application/json');
    }
    assert.equal((await world.client().ask('/apix')).status, 302, 'the pattern is anchored');
  });

  test('a forged X-Forwarded-Uri does not skip authentication', async () => {
    for (const headers of [
      { 'X-Forwarded-Uri': '/health' },
      { 'X-Forwarded-Uri': '/', 'X-Forwarded-For': '127.0.0.1' },
    ]) {
      const arrived = await world.arrivalsOf(async () => {
        assert.equal((await world.client().ask('/dashboard', { headers })).status, 302);
      });
      assert.deepEqual(arrived, []);
    }
  });

  test('negative control: it does if the proxy in front is trusted, or if everyone is, by default', async () => {
    for (const trusted of ['127.0.0.1', '0.0.0.0/0']) {
      const other = await startGateOnly({ env: { OAUTH2_PROXY_TRUSTED_PROXY_IPS: trusted } });
      try {
        const headers = { 'X-Forwarded-Uri': '/health' };
        const arrived = await other.arrivalsOf(() => other.client().ask('/dashboard', { headers }));
        assert.deepEqual(
          arrived.map(({ path }) => path),
          ['/dashboard'],
        );
      } finally {
        await other.close();
      }
    }
  });

  const evil = [
    '//evil.example',
    'https://evil.example/',
    '/\\evil.example',
    '/\t/evil.example',
    '/%09/evil.example',
    '/.//evil.example',
    'evil.example',
    'javascript:alert(1)',
    '///evil.example',
    '/%5cevil.example',
  ];
  for (const rd of evil) {
    test(`rd=${JSON.stringify(rd)} stays on this site, after sign-in and after sign-out`, async () => {
      const query = new URLSearchParams({ rd });
      const device = world.client();
      for (const path of [`/oauth2/start?${query}`, `/oauth2/sign_in?${query}`, `/dashboard?${query}`]) {
        device.cookies.clear();
        const locations = await signInLocations(device, path);
        const last = locations.at(-1) ?? '';
        assert.equal(
          new URL(last, world.gate.publicUrl).origin,
          world.gate.publicUrl,
          `${path} leads to ${last}`,
        );
      }
      const out = await device.ask(`/oauth2/sign_out?${query}`, {
        headers: { 'X-Auth-Request-Redirect': rd.replace('\t', '') },
      });
      assert.equal(out.status, 302);
      assert.equal(
        new URL(out.location ?? '', world.gate.publicUrl).origin,
        world.gate.publicUrl,
        out.location,
      );
    });
  }

  async function signInLocations(device: ReturnType<GateOnly['client']>, path: string): Promise<string[]> {
    const start = await device.ask(path);
    const chooser = new URL(start.location ?? '');
    chooser.searchParams.set('login_hint', 'ada@example.org');
    const back = await device.ask(chooser.href);
    const landed = await device.ask(back.location ?? '');
    assert.equal(landed.status, 302);
    return [start.location ?? '', back.location ?? '', landed.location ?? ''];
  }
});

/** Whether Express, or anything that decodes or normalises before it routes, would see a page that is not public. */
function isProtected(path: string): boolean {
  const pathname = path.replace(/^https?:\/\/[^/]*/, '').replace(/[?#].*$/s, '');
  const decoded = decodeURIComponent(pathname).replace(/[?#].*$/s, '');
  return [pathname, decoded, new URL(path, 'http://localhost').pathname].some((reading) =>
    /^\/+(dashboard|logout|devices|api)\b/i.test(reading),
  );
}
