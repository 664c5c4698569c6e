// Changes that did not come from one of our pages: every route that changes something, with every required proof missing or wrong.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { ada, begin, type Desk, grace, startDesk, storeKinds } from './support/desk.ts';
import {
  assertNoSessionCookie,
  assertPlain,
  cookieHeader,
  formType,
  gateLines,
  leavesStoreAlone,
  needsOf,
  raw,
} from './support/hostile.ts';
import { routesOf, type Whole, wholeParts } from './support/whole.ts';

const changing = ['POST', 'PUT', 'PATCH', 'DELETE'];
/** There is no session to bind a token to: only the Origin protects it. */
const isPublic = (path: string) => path === '/';

for (const store of storeKinds) {
  suite(`forged changes on ${store}`, await needsOf(store), () => {
    let whole: Whole;
    let desk: Desk;
    let signedIn: Awaited<ReturnType<typeof begin>>;
    /** The routes that change something: `POST /logout`. */
    let changes: { method: string; path: string }[];
    let paths: string[];
    before(async () => {
      whole = wholeParts();
      desk = await startDesk({ store, parts: whole.parts });
      signedIn = await begin(desk, ada);
      const routes = routesOf(desk);
      // `app.all` lists every method: such routes guard or refuse, they do not act.
      changes = routes
        .filter(({ methods }) => methods.length < 5)
        .flatMap(({ path, methods }) =>
          methods.map((method) => ({ method: method.toUpperCase(), path: exact(path) })),
        )
        .filter(({ method }) => changing.includes(method));
      paths = [...new Set(routes.map(({ path }) => exact(path)))];
    });
    after(async () => {
      await desk.close();
      whole.close();
    });

    /** A real address for a route's pattern, with the handle of our own session as the parameter. */
    const exact = (path: string) => path.replace(/[:*]\w+/g, signedIn.handle);

    /** A change that is valid except for what `headers` and `url` override. A header of '' is left out. */
    async function attempt(
      { method, path }: { method: string; path: string },
      headers: Record<string, string> = {},
      { url = path, body = 'theme=dark&staySignedIn=on', browser = signedIn.browser } = {},
    ) {
      const all = {
        origin: desk.origin,
        'content-type': formType,
        'x-csrf-token': signedIn.csrfToken,
        // Node.js sends a DELETE's body without a Content-Length.
        'content-length': String(Buffer.byteLength(body)),
        ...headers,
      };
      const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
      const about = `${method} ${url} ${JSON.stringify(headers)} ${body.slice(0, 60)}`;
      const answer = await browser.ask(url, { method, body, headers: sent });
      assertNoSessionCookie(answer, about);
      assertPlain(answer.text, about);
      return answer;
    }

    /** For each path or route: what `attack` tries on it one after the other leaves the store as it was. */
    async function eachLeavesStoreAlone<T extends string | { readonly path: string }>(
      targets: readonly T[],
      attack: (target: T) => Promise<unknown>,
    ): Promise<void> {
      for (const target of targets)
        await leavesStoreAlone(desk, () => attack(target), JSON.stringify(target));
    }

    async function stillSignedIn(): Promise<void> {
      assert.equal((await signedIn.browser.ask('/api/me')).status, 200);
    }

    test('the routes that change something were found', () => {
      const found = changes.map(({ method, path }) => `${method} ${path}`);
      for (const known of [
        'POST /',
        'POST /settings',
        'POST /logout',
        'POST /vault/load',
        'POST /library/sync',
      ])
        assert.ok(found.includes(known), known);
      assert.ok(paths.includes('/dashboard') && paths.includes(`/api/${signedIn.handle}`));
    });

    test('no path accepts a change without a token, whatever the method', async () => {
      await eachLeavesStoreAlone(paths, async (path) => {
        for (const method of changing) {
          if (isPublic(path) && method === 'POST') continue;
          const answer = await attempt({ method, path }, { 'x-csrf-token': '' });
          const expected = /^\/(health|assets|signed-out|privacy-notice|$)/.test(path) ? 405 : 403;
          assert.equal(answer.status, expected, `${method} ${path}`);
          assert.match(answer.text, expected === 405 ? /not how this page works/ : /Nothing was changed/);
        }
      });
      await stillSignedIn();
    });

    test('the token is accepted only in a header or the body, and only that of this session', async () => {
      const { csrfToken, browser } = signedIn;
      const hers = await begin(desk, grace);
      const second = await begin(desk, ada);
      const old = await begin(desk, ada);
      assert.equal((await old.change('/logout')).status, 303);
      const guarded = changes.filter(({ path }) => !isPublic(path));
      await eachLeavesStoreAlone(guarded, async (change) => {
        const without = { 'x-csrf-token': '' };
        const withCookie = {
          ...without,
          cookie: `${cookieHeader(browser)}; _csrf=${csrfToken}; XSRF-TOKEN=${csrfToken}`,
        };
        const field = (token: string) => ({ body: `theme=dark&_csrf=${encodeURIComponent(token)}` });
        const refusals = [
          await attempt(change, without, { url: `${change.path}?_csrf=${csrfToken}` }),
          await attempt(change, without, {
            url: `${change.path}?X-CSRF-Token=${csrfToken}&csrf=${csrfToken}`,
          }),
          await attempt(change, withCookie),
          await attempt(change, { 'x-csrf-token': hers.csrfToken }),
          await attempt(change, { 'x-csrf-token': second.csrfToken }),
          await attempt(change, { 'x-csrf-token': old.csrfToken }),
          await attempt(change, { 'x-csrf-token': `${csrfToken}x` }),
          await attempt(change, { 'x-csrf-token': csrfToken.split('-')[0] ?? '' }),
          await attempt(change, { 'x-csrf-token': `${csrfToken}, ${csrfToken}` }),
          await attempt(change, without, field(hers.csrfToken)),
          await attempt(change, without, { body: `theme=dark&_csrf=${csrfToken}&_csrf=${csrfToken}` }),
          await attempt(change, { 'x-csrf-token': 'x' }, field(csrfToken)),
          await attempt(
            change,
            { ...without, 'content-type': 'application/json' },
            { body: `{"_csrf":["${csrfToken}"]}` },
          ),
          await attempt(change, { ...without, 'content-type': 'application/json' }, { body: '[]' }),
        ];
        assert.deepEqual(
          refusals.map(({ status }) => status),
          refusals.map(() => 403),
          change.path,
        );
        const noSession = await attempt(change, {}, { browser: desk.browser(ada) });
        assert.equal(noSession.status, 401);
        const nobody = await attempt(change, {}, { browser: desk.browser() });
        assert.equal(nobody.status, 401);
      });
      await stillSignedIn();
    });

    test('a change must come from this site’s own pages', async () => {
      const port = new URL(desk.origin).port;
      const foreign: Record<string, string>[] = [
        { origin: 'https://evil.test' },
        { origin: 'null' },
        { origin: 'https://desk.test.evil.test' },
        { origin: 'https://evil.test/https://desk.test' },
        { origin: 'https://desk.test/' },
        { origin: 'https://desk.test:8443' },
        { origin: 'http://desk.test' },
        { origin: 'http://localhost' },
        { origin: `https://localhost:${port}` },
        { origin: `http://127.0.0.1:${port}` },
        { origin: `http://localhost:${Number(port) + 1}` },
        { origin: `${desk.origin}, https://evil.test` },
        { origin: '', referer: `${desk.origin}/settings` },
        { origin: '' },
        { origin: '', 'sec-fetch-site': 'none' },
        { origin: '', 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-site': 'same-site' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-origin, cross-site' },
        { origin: 'https://evil.test', 'sec-fetch-site': 'same-origin' },
        { origin: 'https://evil.test', 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https' },
      ];
      await eachLeavesStoreAlone(changes, async (change) => {
        for (const headers of foreign) {
          assert.equal(
            (await attempt(change, headers)).status,
            403,
            `${change.path} ${JSON.stringify(headers)}`,
          );
        }
        const twice = [`Origin: ${desk.origin}`, `Origin: ${desk.origin}`, `Content-Type: ${formType}`];
        const own = [`Cookie: ${cookieHeader(signedIn.browser)}`, `X-CSRF-Token: ${signedIn.csrfToken}`];
        const lines = [...gateLines(desk, ada), ...own, ...twice];
        const answer = await raw(desk, `POST ${change.path} HTTP/1.1`, lines, 'theme=dark');
        assert.equal(answer.status, 403, 'a doubled Origin');
      });
      await stillSignedIn();
    });

    test('a body that is neither a form nor JSON in UTF-8 is refused', async () => {
      const json = '{"theme":"dark"}';
      const types: [type: string, body?: string][] = [
        ['text/plain'],
        ['text/plain', json],
        ['text/plain; application/json', json],
        [
          'multipart/form-data; boundary=x',
          '--x\r\nContent-Disposition: form-data; name="theme"\r\n\r\ndark\r\n--x--',
        ],
        [''],
        ['', json],
        ['application/json; charset=utf-7', json],
        ['application/json; charset=utf-16', json],
        ['application/json; charset="utf-8"; charset=utf-7', json],
        [`${formType}; charset=utf-7`],
        [`${formType}; charset=iso-8859-1`],
        ['application/csp-report', json],
        ['application/vnd.api+json', json],
        ['text/json', json],
        ['application/json, text/plain', json],
        ['application/x-www-form-urlencodedx'],
      ];
      await eachLeavesStoreAlone(changes, async (change) => {
        for (const [type, body = 'theme=dark'] of types) {
          const answer = await attempt(change, { 'content-type': type }, { body });
          assert.equal(answer.status, 415, `${change.path} ${type}`);
          assert.match(answer.text, /Nothing was changed/);
        }
        assert.equal((await attempt(change, { 'content-encoding': 'gzip' })).status, 415);
      });
      await stillSignedIn();
    });

    test('no method can be overridden by another', async () => {
      const { browser } = signedIn;
      const get = await leavesStoreAlone(desk, () => browser.ask(`/logout?_csrf=${signedIn.csrfToken}`));
      assert.equal(get.status, 200);
      assert.match(get.text, /Sign out of this device\?/);
      for (const url of ['/logout', '/settings', '/dashboard', '/settings?_method=POST&theme=dark']) {
        for (const method of ['HEAD', 'OPTIONS', 'GET']) {
          const headers = {
            'x-http-method-override': 'POST',
            'x-method-override': 'POST',
            'x-csrf-token': signedIn.csrfToken,
          };
          await leavesStoreAlone(desk, () => browser.ask(url, { method, headers }), `${method} ${url}`);
        }
      }
      await stillSignedIn();
    });

    test('each refused request is accepted once it is correct', async () => {
      const { change, browser } = signedIn;
      assert.equal((await change('/settings', { theme: 'dark', staySignedIn: 'on' })).status, 303);
      assert.match((await browser.ask('/dashboard')).text, /data-theme="dark"/);
      const fromBrowser = {
        origin: 'https://desk.test',
        'sec-fetch-site': 'same-origin',
        'x-csrf-token': '',
      };
      assert.equal(
        (await change('/settings', { theme: 'light', _csrf: signedIn.csrfToken }, fromBrowser)).status,
        403,
      );
      const headers = {
        origin: 'https://desk.test',
        'sec-fetch-site': 'same-origin',
        'content-type': formType,
      };
      const body = `theme=light&_csrf=${encodeURIComponent(signedIn.csrfToken)}`;
      assert.equal((await browser.ask('/settings', { method: 'POST', headers, body })).status, 303);
      assert.equal((await change('/logout')).status, 303);
      assert.equal((await browser.ask('/api/me')).status, 401);
    });
  });
}
