// IP addresses shortened to their networks.
import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { networkOf } from './network.ts';

test('IPv4 keeps three parts, IPv6 its first 48 bits', () => {
  const table: [string, string][] = [
    ['203.0.113.7', '203.0.113.x'],
    ['::ffff:203.0.113.7', '203.0.113.x'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
    ['2001:DB8::1', '2001:db8:0::'],
    ['2001:0db8:0001::', '2001:db8:1::'],
    ['::1', '0:0:0::'],
    ['fe80::1%eth0', 'fe80:0:0::'],
    ['', ''],
    ['somewhere', 'somewhere'],
  ];
  for (const [address, network] of table) assert.equal(networkOf(address), network);
});

test('nothing after the network part is shown', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 }), (groups) => {
      const text = groups.map((group) => group.toString(16)).join(':');
      const network = networkOf(text);
      assert.ok(isIPv6(network));
      assert.equal(network, networkOf(`${text.split(':').slice(0, 3).join(':')}::`));
    }),
  );
});
