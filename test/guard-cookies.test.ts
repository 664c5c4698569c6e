// Which cookies no app may see.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { withoutSecretCookies } from '../src/guard/front/cookies.ts';
import { cookieNames } from './support/guarded-wiki.ts';

const strip = (header: string) => withoutSecretCookies(header, cookieNames);

test('each cookie of ours is recognised, and nothing that only looks like one', () => {
  for (const name of [
    ...['__Host-gatehouse_guard', '__Host-gatehouse_start', '__Host-session', '__Host-visitor'],
    // Over plain http, as on one's own machine.
    ...['gatehouse_guard', 'gatehouse_start'],
    ...['__Host-_oauth2_proxy', '__Host-_oauth2_proxy_0', '__Host-_oauth2_proxy_17'],
    ...['__Host-_oauth2_proxy_csrf', '__Host-_oauth2_proxy_csrf_0', '__Host-_oauth2_proxy_Ab-_9xyz_csrf'],
  ]) {
    assert.equal(strip(`${name}=x`), undefined, name);
    assert.equal(strip(`a=1; ${name}=x; b=2`), 'a=1; b=2', name);
  }
  for (const name of [
    'session',
    '__Host-session2',
    '__Host-_oauth2_proxy_theme',
    'x__Host-session',
    '__host-session',
  ])
    assert.equal(strip(`a=1; ${name}=x`), `a=1; ${name}=x`, name);
});

test('a name with characters of regular expressions means only itself', () => {
  const names = { gate: 'my.gate', desk: ['a.b'] };
  assert.equal(withoutSecretCookies('my.gate=1; myxgate=2; a.b=3; axb=4', names), 'myxgate=2; axb=4');
});

test('other cookies stay, whatever they contain and wherever ours are', () => {
  const other = fc.stringMatching(/^[a-z]{1,5}=[!-:<-~]{0,12}$/);
  const ours = fc.constantFrom(
    '__Host-gatehouse_guard=secret',
    '__Host-session=secret',
    '__Host-_oauth2_proxy_1=secret',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(other, ours), { minLength: 1 }), (cookies) => {
      const kept = cookies.filter((cookie) => !cookie.startsWith('__Host-')).join('; ');
      assert.equal(strip(cookies.join('; ')) ?? '', kept);
    }),
  );
});
