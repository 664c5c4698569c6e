// The security headers of every kind of response, and what is never among them. On both stores.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { StoreUnavailable } from '../src/store/contract.ts';
import type { Answer, AskOptions, Client } from './support/client.ts';
import { ada, begin, type Desk, startDesk, storeKinds } from './support/desk.ts';
import {
  assertPlain,
  codeOf,
  formType,
  needsOf,
  opened,
  sendBytes,
  startVariant,
} from './support/hostile.ts';

type Signed = Awaited<ReturnType<typeof begin>>;

/** Each kind of response: its status, and who requests what. */
function kinds(
  desk: Desk,
  { browser, csrfToken }: Signed,
): [status: number, who: Client, path: string, options?: AskOptions][] {
  const visitor = desk.browser();
  const origin = desk.origin;
  const form = { origin, 'content-type': formType, 'x-csrf-token': csrfToken };
  const css = '/assets/nothing.css';
  return [
    [200, visitor, '/'],
    [200, visitor, '/signed-out'],
    [200, visitor, '/privacy-notice'],
    [200, visitor, '/health'],
    [200, browser, '/dashboard'],
    [200, browser, '/dashboard', { method: 'HEAD' }],
    [200, browser, '/cookies'],
    [200, browser, '/settings'],
    [200, browser, '/api/me'],
    [200, browser, '/api/cookies'],
    [303, visitor, '/dashboard'],
    [303, browser, '/settings', { method: 'POST', body: 'theme=auto&staySignedIn=on', headers: form }],
    [400, browser, '/settings', { method: 'POST', body: 'theme=x', headers: form }],
    [400, desk.browser(undefined, { ...desk.gateHeaders(ada), 'x-forwarded-email': 'x' }), '/dashboard'],
    [401, visitor, '/api/me'],
    [401, desk.browser(undefined, { 'x-forwarded-user': 'x' }), '/dashboard'],
    [403, browser, '/settings', { method: 'POST', body: 'theme=x', headers: { ...form, origin: 'null' } }],
    [
      403,
      browser,
      '/settings',
      { method: 'POST', body: 'theme=x', headers: { ...form, 'x-csrf-token': 'x' } },
    ],
    [403, browser, '/api/me', { headers: { 'sec-fetch-site': 'cross-site' } }],
    [404, visitor, '/nothing'],
    [404, browser, '/api/nothing'],
    [404, visitor, css],
    [405, browser, '/api/sessions/revoke-others'],
    [405, visitor, css, { method: 'DELETE' }],
    [413, browser, '/settings', { method: 'POST', body: 'x'.repeat(20_000), headers: form }],
    [414, visitor, `/${'x'.repeat(5000)}`],
    [
      415,
      browser,
      '/settings',
      { method: 'POST', body: 'x', headers: { ...form, 'content-type': 'text/plain' } },
    ],
    [421, visitor, '/', { headers: { host: 'evil.test' } }],
  ];
}

const one = (answer: Answer, name: string) => {
  const value = answer.headers[name];
  return typeof value === 'string' ? value : '';
};

/** @returns the directives of the policy */
function assertHardened(answer: Answer, https: boolean, about: string): Map<string, string> {
  const expected: Record<string, string> = {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'x-frame-options': 'DENY',
  };
  for (const [name, value] of Object.entries(expected))
    assert.equal(one(answer, name), value, `${about}: ${name}`);
  assert.equal(
    one(answer, 'strict-transport-security'),
    https ? 'max-age=63072000; includeSubDomains' : '',
    `${about}: HSTS`,
  );
  for (const name of ['x-powered-by', 'server', 'x-runtime', 'etag', 'x-xsrf-token'])
    assert.equal(one(answer, name), '', about);
  for (const name of Object.keys(answer.headers))
    assert.ok(!name.startsWith('access-control-'), `${about}: ${name}`);
  const type = one(answer, 'content-type');
  if (type)
    assert.match(
      type,
      /^(text\/(html|css|plain|javascript)|application\/json|image\/svg\+xml); charset=utf-8$/,
      about,
    );
  else assert.equal(answer.text, '', about);

  const policy = one(answer, 'content-security-policy');
  const directives = new Map(
    policy.split(';').map((text) => {
      const [name = '', ...values] = text.trim().split(' ');
      return [name, values.join(' ')] as const;
    }),
  );
  assert.doesNotMatch(policy, /unsafe-|\*|data:|blob:| https?:( |;|$)/, about);
  for (const name of ['default-src', 'object-src', 'base-uri', 'frame-ancestors']) {
    assert.equal(directives.get(name), `'none'`, `${about}: ${name}`);
  }
  assert.match(directives.get('script-src') ?? '', /^'nonce-[\w-]{22}'$/, about);
  assert.equal(directives.get('style-src'), `'self'`);
  assert.equal(directives.get('form-action'), `'self' https://accounts.google.com`);
  return directives;
}

for (const store of storeKinds) {
  suite(`hardening on ${store}`, await needsOf(store), () => {
    let desk: Desk;
    let signedIn: Signed;
    before(async () => {
      desk = await startDesk({ store });
      signedIn = await begin(desk, ada);
    });
    after(() => desk.close());

    test('every kind of answer carries every header', async () => {
      const nonces = new Set<string>();
      const all = kinds(desk, signedIn);
      for (const accept of ['text/html', 'application/json']) {
        for (const [status, who, path, options = {}] of all) {
          const headers = { accept, ...options.headers };
          const answer = await who.ask(path, { ...options, headers });
          const about = `${options.method ?? 'GET'} ${path.slice(0, 30)} as ${accept}`;
          const noPage = accept === 'application/json' && status === 303 && path === '/dashboard';
          assert.equal(answer.status, noPage ? 401 : status, about);
          const directives = assertHardened(answer, true, about);
          nonces.add(directives.get('script-src') ?? '');
          assertPlain(answer.text, about);
          const isPublicAsset = path === '/health';
          if (!isPublicAsset && path !== '/settings')
            assert.equal(one(answer, 'cache-control'), 'no-store', about);
        }
      }
      assert.equal(nonces.size, all.length * 2, 'each answer has a nonce of its own');
    });

    test('every script carries its page’s nonce, and nothing is inline', async () => {
      for (const [status, who, path, options = {}] of kinds(desk, signedIn)) {
        const answer = await who.ask(path, options);
        if (!one(answer, 'content-type').startsWith('text/html') || status === 303) continue;
        const [, nonce] = /'nonce-([^']+)'/.exec(one(answer, 'content-security-policy')) ?? [];
        const scripts = answer.text.match(/<script[^>]*>/g) ?? [];
        if (options.method !== 'HEAD') assert.ok(scripts.length > 0, path);
        for (const script of scripts)
          assert.ok(script.includes(`nonce="${nonce}"`) && script.includes('src="/assets/'), path);
        assert.doesNotMatch(answer.text, /<style|\sstyle=|\son[a-z]+=|javascript:|<iframe|<base/i, path);
        assert.doesNotMatch(
          answer.text,
          /(src|action)="(https?:)?\/\/|<link[^>]*href="(https?:)?\/\//,
          `${path} loads from elsewhere`,
        );
      }
    });

    test('style sheet, script and images: cached permanently under a versioned name, with the same headers', async () => {
      const page = (await desk.browser().ask('/')).text;
      const paths = [...new Set(page.match(/\/assets\/[\w.-]+/g))];
      assert.ok(paths.length >= 3);
      for (const path of paths) {
        for (const method of ['GET', 'HEAD']) {
          const answer = await desk.browser(ada).ask(path, { method });
          assert.equal(answer.status, 200);
          assertHardened(answer, true, path);
          assert.equal(one(answer, 'cache-control'), 'public, max-age=31536000, immutable');
          assert.deepEqual(answer.setCookies, []);
        }
      }
    });

    test('an unexpected error is a 500 without details; a failing store is a 503', async (t) => {
      const secret = 'password=hunter2 in /srv/app/secret.ts';
      const fail = (error: Error) => ({
        ...desk.store,
        people: {
          ...desk.store.people,
          read: async () => {
            throw error;
          },
        },
      });
      const broken = await startVariant(desk, { store: fail(new TypeError(secret)) });
      const down = await startVariant(desk, { store: fail(new StoreUnavailable(new Error(secret))) });
      t.after(() => Promise.all([broken.close(), down.close()]));
      for (const [variant, status] of [
        [broken, 500],
        [down, 503],
      ] as const) {
        for (const accept of ['text/html', 'application/json']) {
          const browser = variant.browser(ada);
          for (const [name, value] of signedIn.browser.cookies) browser.cookies.set(name, value);
          // Rendering the page reads the person, which fails; the answer to a script does not need the person, so it may succeed.
          const answer = await browser.ask('/dashboard', {
            headers: { accept: `${accept}, text/html;q=0.1` },
          });
          if (accept === 'text/html') assert.equal(answer.status, status);
          assertHardened(answer, true, `${status}`);
          assertPlain(answer.text);
          assert.ok(!answer.text.includes('hunter2'));
          assert.deepEqual(answer.setCookies, []);
        }
        const page = await variant.browser(ada).ask('/health');
        assert.equal(page.status, 200, 'the process is alive');
        assert.deepEqual(
          variant.logLines.filter((line) => line.includes('hunter2')),
          [],
          'nor does the log quote it',
        );
        assert.ok(
          variant.logLines.some((line) =>
            line.includes(status === 500 ? 'request.internal' : 'request.store_unavailable'),
          ),
        );
      }
    });

    test('429, and what Node.js itself refuses', async (t) => {
      const limited = await startVariant(desk, { config: { ...desk.config, rateLimit: true } });
      t.after(() => limited.close());
      const post = () => limited.browser().ask('/', { method: 'POST', headers: { origin: limited.origin } });
      let answer = await post();
      for (let i = 0; i < 200 && answer.status !== 429; i++) answer = await post();
      assert.equal(answer.status, 429);
      assertHardened(answer, true, '429');
      assertPlain(answer.text);
      // These are answered before there is a request object, and the connection closes: a bare response, or a page that loads nothing.
      const bare = /^HTTP\/1\.1 400 [\w ]+\r\nConnection: close\r\n\r\n$/;
      assert.match(await sendBytes(desk.port, 'nonsense\r\n\r\n'), bare);
      const large = `GET / HTTP/1.1\r\nHost: localhost:${desk.port}\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`;
      const page = await sendBytes(desk.port, large);
      assert.match(page, /^HTTP\/1\.1 431 [\w ]+\r\nConnection: close\r\n/);
      assert.match(
        page,
        /\r\nX-Content-Type-Options: nosniff\r\nContent-Security-Policy: default-src 'none'; /,
      );
    });

    test('no other site may read anything', async () => {
      for (const origin of ['https://evil.test', 'null', 'http://localhost', desk.origin]) {
        for (const path of ['/', '/dashboard', '/api/me', '/health', '/assets/x', '/nothing']) {
          for (const method of ['GET', 'OPTIONS']) {
            const asked = {
              origin,
              'access-control-request-method': 'POST',
              'access-control-request-headers': 'x-csrf-token',
            };
            const answer = await signedIn.browser.ask(path, { method, headers: asked });
            assertHardened(answer, true, `${method} ${path} for ${origin}`);
          }
        }
      }
    });

    test('/api is for this site’s scripts: refused across sites, a download if opened in a browser', async () => {
      for (const path of ['/api/me', '/api/cookies', '/api/nothing']) {
        const crossed = await signedIn.browser.ask(path, { headers: { 'sec-fetch-site': 'cross-site' } });
        assert.equal(crossed.status, 403);
        assert.equal(codeOf(crossed), 'cross_site');
        for (const who of [signedIn.browser, desk.browser()]) {
          const answer = await who.ask(path, { headers: { ...opened, accept: 'text/html' } });
          assert.match(one(answer, 'content-disposition'), /^attachment/);
          assert.equal(one(answer, 'content-type'), 'application/json; charset=utf-8');
        }
      }
    });

    test('over plain http there is no HSTS, and cookies are neither Secure nor __Host-', async (t) => {
      const plain = await startDesk({ store, settings: { PUBLIC_URL: 'http://localhost:4180' } });
      t.after(() => plain.close());
      const spoof = { 'x-forwarded-proto': 'https' };
      for (const path of ['/', '/dashboard', '/api/me', '/nothing']) {
        const answer = await plain.browser(ada, spoof).ask(path);
        assertHardened(answer, false, path);
        for (const line of answer.setCookies)
          assert.match(
            line,
            /^(session|visitor_session_id)=[^;]+; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax$/,
          );
      }
    });
  });
}
