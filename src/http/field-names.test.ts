// Which names in a query or a form are refused: structures, reserved names, what cannot be decoded, and repeated names.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasDoubledName, hasStrangeName } from './field-names.ts';

test('nested names, reserved names, control characters and broken escapes are reported', () => {
  for (const encoded of [
    'a[b]=1',
    'a%5B%5D=1',
    'a=1&b]=2',
    '__proto__=1',
    'a=1&constructor=2',
    'prototype',
    '%5F_proto__=1',
    'a%00=1',
    'a%0Ab=1',
    '%E0%A4=1',
    '%=1',
  ])
    assert.equal(hasStrangeName(encoded), true, encoded);
});

test('an ordinary name is accepted, whatever its value', () => {
  for (const encoded of [
    '',
    '&&',
    'a=1',
    'a=b[c]',
    'a=__proto__',
    'a=%00',
    'a=%',
    'a+b=1',
    'proto=1',
    'a=b=c',
  ])
    assert.equal(hasStrangeName(encoded), false, encoded);
});

test('a repeated name is found in any encoding, and empty parts are ignored', () => {
  for (const encoded of ['a=1&a=2', 'a&a', 'a=1&b=2&a=1', 'a=1&%61=2', 'a+b=1&a%20b=2', '=1&=2'])
    assert.equal(hasDoubledName(encoded), true, encoded);
  for (const encoded of ['', 'a=1', 'a=1&b=1', 'a=1&A=2', '&&a=1&&', 'a=b=1&b=2', 'a=1&b=a'])
    assert.equal(hasDoubledName(encoded), false, encoded);
});
