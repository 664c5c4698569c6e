// Bodies that none of our forms sends: too large, too deeply nested, of other types, polluted. Refused in plain words; nothing is changed.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { ada, begin, type Desk, startDesk, storeKinds } from './support/desk.ts';
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

const json = 'application/json';
const kb = 1024;

/** Nested as deeply as 16 KB allow. */
const deep = {
  arrays: '['.repeat(8190) + ']'.repeat(8190),
  'open arrays': '['.repeat(16_000),
  objects: `${'{"a":'.repeat(2700)}1${'}'.repeat(2700)}`,
  'a theme': `{"theme":${'['.repeat(8180)}${']'.repeat(8180)}}`,
  'a form': `theme${'[a]'.repeat(5000)}=dark`,
};

/** Bodies that a form with `theme` refuses. */
const mistyped: [type: string, body: string][] = [
  [json, ''.padEnd(20)],
  [json, '{'],
  [json, '{"theme":"dark"'],
  [json, '{"theme":"dark"}x'],
  [json, '{"theme":"dark",}'],
  [json, "{'theme':'dark'}"],
  [json, '\ufeff{"theme":"dark","role":"admin"}'],
  [json, 'null'],
  [json, 'true'],
  [json, '1'],
  [json, '"dark"'],
  [json, '[]'],
  [json, '["theme","dark"]'],
  [json, '[{"theme":"dark"}]'],
  [json, '{"theme":null}'],
  [json, '{"theme":1}'],
  [json, '{"theme":true}'],
  [json, '{"theme":["dark"]}'],
  [json, '{"theme":{"dark":1}}'],
  [json, '{"theme":{"toString":"dark"}}'],
  [json, '{"theme":"DARK"}'],
  [json, '{"theme":"dark "}'],
  [json, '{"theme":"dark\\u0000"}'],
  [json, '{"theme":"\\ud800"}'],
  [json, '{"theme":"__proto__"}'],
  [json, '{"theme":"constructor"}'],
  [json, `{"theme":"' OR 1=1--"}`],
  [json, '{"theme":"dark","role":"admin"}'],
  [json, '{"theme":"dark","personId":"1"}'],
  [json, '{"theme":"dark","operator":true}'],
  [json, '{"theme":"dark","__proto__":{"operator":true}}'],
  [json, '{"__proto__":{"theme":"dark"}}'],
  [json, '{"theme":"dark","constructor":{"prototype":{"operator":true}}}'],
  [json, '{"theme":"dark","toString":1}'],
  [formType, 'theme=dark&theme=light'],
  [formType, 'theme[]=dark'],
  [formType, 'theme[a]=dark'],
  [formType, 'theme=purple'],
  [formType, 'theme=dark%00'],
  [formType, 'theme=%ff%fe'],
  [formType, 'theme=dark&role=admin'],
  [formType, 'theme=dark&constructor=x'],
  [formType, 'theme=dark&constructor[prototype][operator]=1'],
  [formType, 'theme=dark&hasOwnProperty=1'],
  [formType, 'theme=dark&__proto__=x'],
  [formType, 'theme=dark&__proto__'],
  [formType, 'theme=dark&%5F_proto__=x'],
  [formType, 'theme=dark&prototype=x'],
  [formType, 'theme=dark&__proto__[operator]=1'],
  [formType, '__proto__[theme]=dark&theme=dark'],
  [formType, '{"theme":"dark"}'],
  [json, 'theme=dark'],
];

/** More of them, which only the settings form refuses. */
const mistypedSettings: [type: string, body: string][] = [
  [json, '{}'],
  [formType, '=dark'],
  [formType, 'staySignedIn=on'],
  [formType, 'theme=dark&staySignedIn=on&staySignedIn=on'],
  [formType, 'theme=dark&staySignedIn=off'],
  [formType, 'theme=dark&staySignedIn=__proto__'],
  [json, '{"theme":"dark","staySignedIn":true}'],
  [json, '{"theme":"dark","_csrf":1}'],
];

for (const store of storeKinds) {
  suite(`bad input on ${store}`, await needsOf(store), () => {
    let desk: Desk;
    let signedIn: Awaited<ReturnType<typeof begin>>;
    before(async () => {
      desk = await startDesk({ store });
      signedIn = await begin(desk, ada);
    });
    after(() => desk.close());

    /** A change that is valid except for its body, with the token, which is not enough by itself. */
    async function post(path: string, type: string, body: string, more: Record<string, string> = {}) {
      const about = `${path} ${type} ${body.slice(0, 60)}`;
      const headers = {
        origin: desk.origin,
        'content-type': type,
        'x-csrf-token': signedIn.csrfToken,
        ...more,
      };
      const ask = () => signedIn.browser.ask(path, { method: 'POST', body, headers });
      const answer = await leavesStoreAlone(desk, ask, about);
      assertNoSessionCookie(answer, about);
      assertPlain(answer.text, about);
      assert.equal(
        (await signedIn.browser.ask('/api/me')).status,
        200,
        `the next honest request after ${about}`,
      );
      return answer;
    }

    for (const path of ['/settings', '/']) {
      test(`${path}: a body that is too large: 413`, async () => {
        const sizes: [type: string, body: string][] = [
          [formType, `theme=${'x'.repeat(17 * kb)}`],
          [json, `{"theme":"${'x'.repeat(17 * kb)}"}`],
          [formType, `theme=${'x'.repeat(kb * kb)}`],
          [json, `{"theme":"${'x'.repeat(kb * kb)}"}`],
          [json, '['.repeat(45_000)],
          [formType, Array.from({ length: 51 }, (_, i) => `a${i}=`).join('&')],
        ];
        for (const [type, body] of sizes) {
          assert.equal((await post(path, type, body)).status, 413, `${type} of ${body.length}`);
          const chunked = await post(path, type, body, { 'transfer-encoding': 'chunked' });
          assert.equal(chunked.status, 413, `${type} of ${body.length} in chunks`);
        }
      });

      test(`${path}: the deepest body within the limit: 400`, async () => {
        for (const [about, body] of Object.entries(deep)) {
          assert.ok(body.length <= 16 * kb);
          assert.equal((await post(path, about === 'a form' ? formType : json, body)).status, 400, about);
        }
      });

      test(`${path}: wrong types and polluted keys: 400, nothing is assigned`, async () => {
        for (const [type, body] of [...mistyped, ...(path === '/settings' ? mistypedSettings : [])]) {
          const answer = await post(path, type, body);
          assert.equal(answer.status, 400, body);
          assert.match(answer.text, /Nothing was changed/);
        }
        for (const name of ['theme', 'operator', 'a', 'role']) assert.equal(Reflect.get({}, name), undefined);
        const me = (await signedIn.browser.ask('/api/me')).json<{ person: object }>();
        assert.deepEqual(me.person, { ...ada, operator: true });
      });
    }

    test('scripts get errors as JSON', async () => {
      const answer = await post('/settings', json, '{', { accept: json });
      assert.equal(answer.status, 400);
      assert.deepEqual(Object.keys(answer.json()), ['error']);
      assert.equal(answer.json<{ error: { code: string } }>().error.code, 'bad_request');
    });

    test('unexpected fields in a query or a body have no effect', async () => {
      const own = [...gateLines(desk, ada), `Cookie: ${cookieHeader(signedIn.browser)}`];
      const queries: [status: number, list: string][] = [
        [200, '?theme=dark ?saved=%ff ?&&&== ?utm_source=x&fbclid=y ?saved=1&Saved=1 ?hasOwnProperty=1'],
        [
          400,
          '?saved=1&saved=2 ?saved=1&s%61ved=2 ?saved[]=1 ?a[b]= ?a%5Bb%5D= ?saved[__proto__]=1 ?__proto__[saved]=1',
        ],
        [400, '?__proto__ ?x=1&__proto__=1 ?constructor=1 ?prototype=1 ?%00 ?a%0d%0ab=1 ?%ff=1 ?%zz'],
      ];
      for (const [status, list] of queries) {
        for (const query of list.split(' ')) {
          for (const path of ['/settings', '/devices', '/api/me', '/']) {
            const line = `GET ${path}${query} HTTP/1.1`;
            const answer = await leavesStoreAlone(desk, () => raw(desk, line, own), line);
            assert.equal(answer.status, status, line);
          }
        }
      }
      const get = [...own, `Content-Type: ${formType}`];
      const answer = await leavesStoreAlone(desk, () =>
        raw(desk, 'GET /settings HTTP/1.1', get, 'theme=dark'),
      );
      assert.equal(answer.status, 200);
    });

    test('a user agent is plain text: shown escaped or not at all', async () => {
      const agents = [
        '<script>alert(1)</script>',
        '"><img src=x>',
        'Mozilla/5.0 (<b>X11</b>; Linux) <i>Firefox</i>/140.0',
        `Firefox/${'9'.repeat(8000)}`,
        '__proto__/1.0',
        '\u00e9\u00ff\u0080',
      ];
      for (const agent of agents) {
        const { page, browser } = await begin(
          desk,
          { id: '700', email: "o'x&y@example.org" },
          { 'user-agent': agent },
        );
        for (const text of [
          page.text,
          (await browser.ask('/dashboard')).text,
          (await browser.ask('/cookies')).text,
        ]) {
          assert.doesNotMatch(text, /<script>alert|<img|<b>X11|<i>Firefox/, agent);
          assert.ok(!text.includes("o'x&y"), 'an address is escaped too');
        }
      }
      const named = {
        ...desk.gateHeaders(ada),
        cookie: '<script>alert(1)</script>=1; x=<img src=x onerror=y>',
      };
      const page = await desk.browser(undefined, named).ask('/cookies');
      assert.equal(page.status, 200);
      assert.doesNotMatch(page.text, /<script>alert|<img/);
    });
  });
}
