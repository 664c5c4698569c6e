// However a cookie is sent, the app sees the one that oauth2-proxy sees.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { readGateCookie } from './cookie-value.ts';

const read = (cookie: string | undefined, name = '_g') => readGateCookie({ headers: { cookie } }, name);
const digestOf = (cookie: string) => {
  const value = read(cookie);
  return typeof value === 'object' ? value.digest : value;
};

suite('the gate’s cookie', () => {
  test('payload and time', () => {
    const value = read('a=b; _g=cGF5|1795450341|c2ln; c=d');
    assert.ok(typeof value === 'object');
    assert.equal(value.payload, 'cGF5');
    assert.equal(value.issuedAt, 1_795_450_341_000);
  });

  test('none', () => {
    for (const cookie of [undefined, '', '_g2=a|1|b', 'x_g=a|1|b', '_g_1=a|1|b', '_g_csrf=a|1|b'])
      assert.equal(read(cookie), undefined, cookie);
  });

  test('unreadable', () => {
    for (const cookie of ['_g=', '_g=abc', '_g=a|1', '_g=a|1|b|c', '_g=a|-1|b', '_g=a|1e3|b', '_g=a||b'])
      assert.equal(read(cookie), 'unreadable', cookie);
  });

  test('one cookie has one digest in every spelling', () => {
    const digest = digestOf('_g=cGF5bG9hZA|1795450341|c2ln');
    const same = [
      '_g="cGF5bG9hZA|1795450341|c2ln"',
      '_g=cGF5bG9hZA|1795450341|c2lo',
      '_g=cGF5bG9hZA|1795450341|c2ln; _g_0=junk; _g_1=junk',
      '_g=cGF5bG9hZA|1795450341|c2ln; _g=other|1795450341|x',
      '_g=bad\\byte; _g=cGF5bG9hZA|1795450341|c2ln',
      '_g_0=cGF5; _g_1=bG9hZA|1795450341|c2ln',
      '_g_1=bG9hZA|1795450341|c2ln; _g_0=cGF5; _g_3=junk',
      '_g_0=cGF5bG9; _g_1=hZA|17954; _g_2=50341|c2ln; _g_7=junk',
    ];
    for (const cookie of same) assert.equal(digestOf(cookie), digest, cookie);
    assert.notEqual(digestOf('_g=cGF5bG9hZA|1795450342|c2ln'), digest);
  });
});
