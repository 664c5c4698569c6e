// Every address of the whole app, as registered: closed without an identity, for operators only unless it is listed here as open to
// members, and with its headers whatever it answers. A new route without a guard fails here.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { closed as closedPaths } from '../src/doctor/checks/skip-auth-routes.ts';
import { allRoutes } from '../src/wiring/all-routes.ts';
import type { Answer } from './support/client.ts';
import { ada, begin, type Desk, grace, startDesk, storeKinds } from './support/desk.ts';
import { gateExceptions } from './support/gate-exceptions.ts';
import { assertPlain, formType, leavesStoreAlone, needsOf } from './support/hostile.ts';
import { routesOf, type Whole, wholeParts } from './support/whole.ts';

/** Public routes, listed a second time: a route that becomes public has to be added here as well. */
const open = ['/', '/signed-out', '/privacy-notice', '/health', '/assets/*path'];
/** According to the rows that the program mounts. */
const ofMembers = allRoutes.filter(({ who }) => who === 'member').map(({ path }) => path);
/** Not rows: these refuse what no row matches. */
const fallbacks = ['/api/*path'];

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const pageOpened = {
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
};

for (const store of storeKinds) {
  suite(`every route on ${store}`, await needsOf(store), () => {
    let whole: Whole;
    let desk: Desk;
    /** As registered, without those that only guard others: `/devices/*path`. */
    let paths: string[];
    let operators: Awaited<ReturnType<typeof begin>>;
    let member: Awaited<ReturnType<typeof begin>>;
    before(async () => {
      whole = wholeParts();
      desk = await startDesk({ store, parts: whole.parts });
      operators = await begin(desk, ada);
      member = await begin(desk, grace);
      paths = [...new Set(routesOf(desk).map(({ path }) => path))];
    });
    after(async () => {
      await desk.close();
      whole.close();
    });

    const isOpen = (path: string) => open.includes(path);
    const closed = () => paths.filter((path) => !isOpen(path));
    const isScript = (url: string) => url.startsWith('/api/');
    const exact = (path: string) => path.replace(/[:*]\w+/g, 'x1');

    /** The methods a path answers to; `app.all` lists every method, and only guards or refuses. */
    function methodsOf(path: string): Set<string> {
      const known = routesOf(desk)
        .filter((route) => route.path === path && route.methods.length < 5)
        .flatMap((route) => route.methods.map((method) => method.toUpperCase()));
      return new Set(known.includes('GET') ? [...known, 'HEAD'] : known);
    }

    function assertHeaders({ headers, text, status }: Answer, about: string): void {
      assert.match(String(headers['content-security-policy']), /default-src 'none'|sandbox/, about);
      assert.equal(headers['x-content-type-options'], 'nosniff', about);
      assert.match(String(headers['strict-transport-security']), /^max-age=63072000/, about);
      assert.equal(headers['x-powered-by'], undefined, about);
      assert.equal(headers['access-control-allow-origin'], undefined, about);
      if (status !== 200 || !/\.(?:css|js|svg)$/.test(about))
        assert.match(String(headers['cache-control'] ?? 'no-store'), /no-store/, about);
      if (status >= 400) assertPlain(text, about);
    }

    test('all routes were found', () => {
      for (const known of [...open, ...ofMembers, '/vault/rekey', '/library/exports/:id', '/record/live'])
        assert.ok(paths.includes(known), known);
      assert.deepEqual(new Set(paths), new Set([...allRoutes.map(({ path }) => path), ...fallbacks]));
    });

    test('the check-up tests the gate’s exceptions against every address that is not public', () => {
      const others = allRoutes.filter(({ who }) => who !== 'public').map(({ path }) => path);
      for (const path of others) assert.ok(closedPaths.includes(path.replace(/:\w+/g, 'x')), path);
      for (const path of closedPaths) assert.ok(!open.includes(path), path);
    });

    test('rows for operators are marked as such', () => {
      const ofOperators =
        /^\/(radar|access|app-rules|record|keys|checkup|vault|api\/admin|api\/checkup|library\/(sync|exports)|privacy\/(find|person))(\/|$)/;
      for (const { path, who, method } of allRoutes)
        assert.equal(who === 'operator', ofOperators.test(path), `${method} ${path}`);
    });

    test('public routes are open to everyone, and oauth2-proxy.cfg lets through exactly those', () => {
      const rows = allRoutes.filter(({ who }) => who === 'public');
      assert.deepEqual(new Set(rows.map(({ path }) => path)), new Set(open));
      const cfg = readFileSync('oauth2-proxy.cfg', 'utf8');
      const section = cfg.slice(cfg.indexOf('skip_auth_routes = ['));
      const written = [...section.slice(0, section.indexOf('\n]')).matchAll(/^ {2}"(.*)",?$/gm)].map(
        ([, route]) => route,
      );
      assert.deepEqual(new Set(written), new Set(gateExceptions(allRoutes)));
    });

    test('no other route opens without an identity or with an unproven one', async () => {
      const forged = {
        'x-forwarded-user': ada.id,
        'x-forwarded-email': ada.email,
        authorization: `Basic ${Buffer.from(`${ada.id}:guessed`).toString('base64')}`,
      };
      const cookie = [...operators.browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const nobodies: Record<string, string>[] = [
        {},
        { cookie },
        forged,
        { ...forged, cookie },
        { ...forged, authorization: '' },
        { ...desk.gateHeaders(ada), 'x-forwarded-user': grace.id },
      ];
      for (const path of closed()) {
        const url = exact(path);
        for (const headers of nobodies) {
          for (const way of [{}, pageOpened]) {
            const about = `${url} ${Object.keys(headers)} ${Object.keys(way).length}`;
            const answer = await desk.browser().ask(url, { headers: { ...headers, ...way } });
            if (answer.status === 303)
              assert.ok(!isScript(url) && answer.location?.startsWith('/oauth2/start?rd='), about);
            else assert.ok([400, 401].includes(answer.status), `${answer.status} ${about}`);
            assert.equal(answer.headers['cache-control'], 'no-store', about);
            assert.ok(!answer.setCookies.some((line) => /session=/.test(line)), about);
            assert.ok(!answer.text.includes(ada.email), about);
            assertHeaders(answer, about);
          }
        }
      }
    });

    test('a member is refused on every route that is not declared for members', async () => {
      const inside = closed().filter((path) => !path.includes('*'));
      for (const path of inside) {
        for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
          const about = `${method} ${path}`;
          const headers = {
            origin: desk.origin,
            'content-type': formType,
            'x-csrf-token': member.csrfToken,
            'content-length': '7',
          };
          const ask = () =>
            member.browser.ask(exact(path), {
              method,
              ...(method === 'POST' || method === 'DELETE' ? { headers, body: 'email=x' } : {}),
            });
          if (ofMembers.includes(path)) {
            if (method === 'GET' && path !== '/logout') {
              const answer = await ask();
              assert.notEqual(answer.status, 403, about);
              assertHeaders(answer, about);
            }
            continue;
          }
          const answer = await leavesStoreAlone(desk, ask, about);
          // A page that only accepts POST may say so first: nothing is shown or done.
          const isPosted = !methodsOf(path).has(method) && answer.status === 405;
          assert.ok(answer.status === 403 || isPosted, `${answer.status} ${about}`);
          assertHeaders(answer, about);
        }
      }
    });

    test('each route answers every method with its headers, and refuses what it does not know', async () => {
      for (const path of paths.filter((one) => !one.includes('*'))) {
        const known = methodsOf(path);
        for (const method of methods) {
          if (known.has(method) && !['GET', 'HEAD'].includes(method)) continue;
          // This response stays open; it has its own tests.
          if (path === '/record/live' && method === 'GET') continue;
          const about = `${method} ${path}`;
          const headers =
            method === 'GET' || method === 'HEAD'
              ? {}
              : { origin: desk.origin, 'x-csrf-token': operators.csrfToken, 'content-length': '0' };
          const answer = await operators.browser.ask(exact(path), { method, headers });
          // A method that this path does not have may belong to the session route that matches the same address.
          if (!known.has(method) && !/^DELETE .*revoke-others$/.test(about)) {
            assert.equal(answer.status, 405, about);
            assert.match(String(answer.headers['allow']), /GET|POST|DELETE/, about);
          }
          assertHeaders(answer, about);
          if (path !== '/health' && !isOpen(path))
            assert.equal(answer.headers['cache-control'], 'no-store', about);
        }
      }
    });

    test('no spelling of a path bypasses its guard', async () => {
      const spellings = (url: string) => [
        `/${url}`,
        `${url}/`,
        `/.${url}`,
        `/x/..${url}`,
        `/health/..${url}`,
        `/assets/..${url}`,
        `/assets/%2e%2e${url}`,
        `/%2f${url.slice(1)}`,
        `/%${url.charCodeAt(1).toString(16)}${url.slice(2)}`,
        url.toUpperCase(),
        `${url}%00`,
        `${url}%20`,
        `${url};a=b`,
        `${url}.css`,
        `${url}/x.css`,
        url.replaceAll('/', '\\'),
        `http://desk.test${url}`,
      ];
      for (const path of closed().filter((one) => !one.includes('*'))) {
        for (const url of spellings(exact(path))) {
          const nobody = await desk.browser().ask(url.startsWith('/') ? url : `/${url}`);
          assert.ok([303, 400, 401, 404].includes(nobody.status), `${nobody.status} ${url}`);
          assertHeaders(nobody, url);
          if (ofMembers.includes(path)) continue;
          const asMember = await member.browser.ask(url.startsWith('/') ? url : `/${url}`);
          assert.ok([400, 403, 404].includes(asMember.status), `${asMember.status} ${url}`);
        }
      }
    });

    test('a body that is too large is refused unread, even without an end', async () => {
      const big = 'a'.repeat(20_000);
      for (const path of closed().filter((one) => !one.includes('*'))) {
        const headers = {
          origin: desk.origin,
          'content-type': formType,
          'x-csrf-token': operators.csrfToken,
        };
        const answer = await leavesStoreAlone(desk, () =>
          operators.browser.ask(exact(path), { method: 'POST', headers, body: big }),
        );
        assert.equal(answer.status, 413, path);
        assertHeaders(answer, path);
      }
    });
  });
}
