// Forged, malformed and duplicate identities: nobody gets in, no session begins, and the next honest request is served.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Client } from './support/client.ts';
import { ada, begin, type Desk, grace, startDesk, storeKinds } from './support/desk.ts';
import {
  assertNoSessionCookie,
  assertPlain,
  cookieHeader,
  gateLines,
  leavesStoreAlone,
  needsOf,
  raw,
  sessionName,
} from './support/hostile.ts';

const base64 = (text: string) => Buffer.from(text, 'latin1').toString('base64');
const basic = (text: string) => `Authorization: Basic ${base64(text)}`;

/** Decodes to the same bytes in a lax decoder: unused bits of the last digit are set. */
function uncanonical(text: string): string {
  const [, digits = '', padding = ''] = /^(.*?)(=+)$/.exec(base64(text)) ?? assert.fail('it has no padding');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const next = alphabet[alphabet.indexOf(digits.at(-1) ?? '') + 1] ?? '';
  const changed = `${digits.slice(0, -1)}${next}${padding}`;
  assert.deepEqual(Buffer.from(changed, 'base64'), Buffer.from(text, 'latin1'));
  return changed;
}

/** The header lines, and the status of `/dashboard` and of `/api/me`. */
function forgeries(secret: string): [name: string, lines: string[], page: number, script: number][] {
  const user = `X-Forwarded-User: ${ada.id}`;
  const email = `X-Forwarded-Email: ${ada.email}`;
  const proof = basic(`${ada.id}:${secret}`);
  const named = (line: string): string[] => [line, user, email];
  const about = (id: string, address = ada.email) => [
    basic(`${id}:${secret}`),
    `X-Forwarded-User: ${id}`,
    `X-Forwarded-Email: ${address}`,
  ];
  return [
    ['no identity', [], 303, 401],
    ['identity without proof', [user, email], 401, 401],
    ['only a subject', [user], 401, 401],
    ['only an address', [email], 401, 401],
    ['empty proof', named('Authorization:'), 401, 401],
    ['wrong proof', named(basic(`${ada.id}:${'0'.repeat(64)}`)), 401, 401],
    ['half the secret', named(basic(`${ada.id}:${secret.slice(0, 32)}`)), 401, 401],
    ['the secret with a suffix', named(basic(`${ada.id}:${secret}0`)), 401, 401],
    ['the secret in capitals', named(basic(`${ada.id}:${secret.toUpperCase()}`)), 401, 401],
    ['only the secret', named(basic(secret)), 401, 401],
    ['empty password', named(basic(`${ada.id}:`)), 401, 401],
    ['Bearer', named(`Authorization: Bearer ${base64(`${ada.id}:${secret}`)}`), 401, 401],
    ['Bearer secret', named(`Authorization: Bearer ${secret}`), 401, 401],
    ['no scheme', named(`Authorization: ${base64(`${ada.id}:${secret}`)}`), 401, 401],
    ['not encoded', named(`Authorization: Basic ${ada.id}:${secret}`), 401, 401],
    ['two spaces', named(`Authorization: Basic  ${base64(`${ada.id}:${secret}`)}`), 401, 401],
    ['non-canonical base64', named(`Authorization: Basic ${uncanonical(`${ada.id}:${secret}`)}`), 401, 401],
    [
      'base64 without its padding',
      named(`Authorization: Basic ${base64(`${ada.id}:${secret}`).replace(/=/g, '')}`),
      401,
      401,
    ],
    [
      'base64 in two parts',
      named(`Authorization: Basic ${base64(`${ada.id}:`)} ${base64(secret)}`),
      401,
      401,
    ],
    ['proof in another header', [`Proxy-${proof}`, user, email], 401, 401],
    ['duplicate proof', [proof, ...named(proof)], 400, 400],
    ['two proofs, one of them wrong', [basic(`${ada.id}:x`), ...named(proof)], 400, 400],
    ['proof of another subject', [basic(`${grace.id}:${secret}`), user, email], 400, 400],
    ['duplicate subject', [user, ...named(proof)], 400, 400],
    ['two subjects', [proof, user, `X-Forwarded-User: ${grace.id}`, email], 400, 400],
    ['two addresses', [...named(proof), `X-Forwarded-Email: ${grace.email}`], 400, 400],
    ['joined subjects', about(`${ada.id}, ${grace.id}`), 400, 400],
    ['joined subjects without a space', about(`${ada.id},${grace.id}`), 400, 400],
    ['joined addresses', about(ada.id, `${ada.email}, ${grace.email}`), 400, 400],
    ['a subject of 300 characters', about('1'.repeat(300)), 400, 400],
    ['an address of 300 characters', about(ada.id, `${'a'.repeat(290)}@example.org`), 400, 400],
    ['a subject with a space', about('1 2'), 400, 400],
    ['an address with two @', about(ada.id, 'a@b@example.org'), 400, 400],
    ['an address without @', about(ada.id, 'ada.example.org'), 400, 400],
    ['a control character', about(ada.id, 'ada\u0001@example.org'), 400, 400],
    ['a NUL', about(`${ada.id}\u0000`), 400, 400],
    ['a letter beyond ASCII', about(ada.id, 'adä@example.org'), 400, 400],
    ['no subject', [proof, email], 400, 400],
    ['empty subject', [basic(`:${secret}`), 'X-Forwarded-User:', email], 400, 400],
    ['no address', [proof, user], 400, 400],
    ['empty address', [proof, user, 'X-Forwarded-Email:'], 400, 400],
    ['only a proof', [proof], 400, 400],
    [
      'a proof, and names with underscores',
      [proof, `X_Forwarded_User: ${ada.id}`, `X_Forwarded_Email: ${ada.email}`],
      400,
      400,
    ],
    [
      'only names with underscores',
      [`X_Forwarded_User: ${ada.id}`, `X_Forwarded_Email: ${ada.email}`],
      303,
      401,
    ],
    [
      'headers of other proxies',
      [`X-Auth-Request-User: ${ada.id}`, `X-Auth-Request-Email: ${ada.email}`, `Remote-User: ${ada.email}`],
      303,
      401,
    ],
    [
      'a preferred name',
      [`X-Forwarded-Preferred-Username: ${ada.email}`, 'X-Forwarded-Groups: admin'],
      303,
      401,
    ],
  ];
}

for (const store of storeKinds) {
  suite(`forged identities on ${store}`, await needsOf(store), () => {
    let desk: Desk;
    let honest: Client;
    before(async () => {
      desk = await startDesk({ store });
      honest = (await begin(desk, ada)).browser;
    });
    after(() => desk.close());

    for (const [name, , page, script] of forgeries('0'.repeat(64))) {
      test(`${name}: ${page} for a page, ${script} for a script`, async () => {
        const lines = forgeries(desk.config.gate.secrets[0]).find(([other]) => other === name)?.[1] ?? [];
        const cookie = `Cookie: ${cookieHeader(honest)}`;
        // With a valid session cookie too: without an identity it has no effect, and nothing happens to its session.
        for (const more of [[], [cookie]]) {
          for (const [path, status] of [
            ['/dashboard', page],
            ['/settings', page],
            ['/api/me', script],
          ] as const) {
            const answer = await leavesStoreAlone(desk, () =>
              raw(desk, `GET ${path} HTTP/1.1`, [...lines, ...more]),
            );
            assert.equal(answer.status, status, `${path} with ${more.length} cookies`);
            assert.deepEqual(answer.all('set-cookie'), []);
            assert.ok(!answer.body.includes(ada.email) && !answer.body.includes('csrf'));
            if (status === 303) assert.match(answer.header('location') ?? '', /^\/oauth2\/start\?rd=%2F/);
            assertPlain(answer.body, path);
          }
        }
        assert.equal((await honest.ask('/api/me')).status, 200, 'the honest one is still served');
      });
    }

    test('an address with a Latin-1 byte is refused', async () => {
      const headers = { ...desk.gateHeaders(ada), 'x-forwarded-email': 'ad\u00e9@example.org' };
      const answer = await leavesStoreAlone(desk, () => desk.browser(undefined, headers).ask('/dashboard'));
      assert.equal(answer.status, 400);
      assertNoSessionCookie(answer);
    });

    test('addresses are compared and stored in lower case: capitals do not create a second operator', async () => {
      const { browser } = await begin(desk, { ...ada, email: 'ADA@Example.Org' });
      const me = (await browser.ask('/api/me')).json<{ person: object }>();
      assert.deepEqual(me.person, { ...ada, operator: true });
    });

    test('public pages ignore the identity, even with a valid proof and a live session', async () => {
      const page = (await honest.ask('/dashboard')).text;
      const asset = /\/assets\/gatehouse\.[\w.]+css/.exec(page)?.[0] ?? '';
      for (const path of ['/', '/signed-out', '/privacy-notice', '/health', asset, '/nothing']) {
        for (const lines of [
          gateLines(desk, ada),
          [`X-Forwarded-User: ${ada.id}`, `X-Forwarded-Email: ${ada.email}`],
        ]) {
          const cookie = `Cookie: ${cookieHeader(honest)}`;
          const answer = await leavesStoreAlone(desk, () =>
            raw(desk, `GET ${path} HTTP/1.1`, [...lines, cookie]),
          );
          assert.equal(answer.status, path === '/nothing' ? 404 : 200, path);
          assert.ok(!answer.body.includes(ada.email) && !answer.body.includes(ada.id), path);
          assert.doesNotMatch(answer.body, /name="_csrf"|action="\/logout"/, path);
          assert.ok(!answer.all('set-cookie').some((line) => line.startsWith(sessionName)), path);
        }
      }
    });

    test('an incomplete identity is refused for every method', async () => {
      const half = gateLines(desk, ada).slice(0, 2);
      for (const method of ['GET', 'HEAD', 'OPTIONS']) {
        const answer = await raw(desk, `${method} /api/me HTTP/1.1`, half);
        assert.equal(answer.status, 400, method);
      }
    });
  });
}
