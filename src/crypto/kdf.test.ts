// Keys from passphrases: published vectors, bounds on the parameters a file may specify, and keys that differ where they must.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  areSound,
  keyEncryptionKey,
  machineCheckOf,
  machineKeyOf,
  pbkdf2Rounds,
  saltBytes,
  stretch,
  subkey,
} from './kdf.ts';
import { unwrapKey, wrapKey } from './key-wrap.ts';

test('PBKDF2-HMAC-SHA256 matches RFC 7914, section 11', async () => {
  const made = await stretch('Password', Buffer.from('NaCl'), 80_000);
  assert.equal(made.toString('hex'), '4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56');
});

test('AES-256 key wrap matches RFC 3394, section 4.6', () => {
  const kek = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex');
  const key = Buffer.from('00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f', 'hex');
  const wrapped = '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21';
  assert.equal(wrapKey(kek, key).toString('hex'), wrapped);
  assert.deepEqual(unwrapKey(kek, Buffer.from(wrapped, 'hex')), key);
});

test('a wrapped key that is changed in any bit, truncated or under another key does not unwrap', () => {
  const [kek, key] = [randomBytes(32), randomBytes(32)];
  const wrapped = wrapKey(kek, key);
  for (let bit = 0; bit < wrapped.length * 8; bit++) {
    const changed = Buffer.from(wrapped);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.equal(unwrapKey(kek, changed), undefined);
  }
  for (let i = 0; i < wrapped.length; i++) assert.equal(unwrapKey(kek, wrapped.subarray(0, i)), undefined);
  assert.equal(unwrapKey(randomBytes(32), wrapped), undefined);
});

test('parameters below the minimum, above the maximum or with an invalid salt are refused', () => {
  const salt = Buffer.alloc(saltBytes);
  const { floor, ceiling, usual } = pbkdf2Rounds;
  assert.ok(floor >= 600_000);
  for (const rounds of [floor, usual, ceiling]) assert.ok(areSound({ salt, rounds }));
  for (const rounds of [
    floor - 1,
    ceiling + 1,
    0,
    -1,
    1.5 * floor + 0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ])
    assert.ok(!areSound({ salt, rounds }));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (other) => {
      assert.equal(areSound({ salt: other, rounds: usual }), other.length === saltBytes);
    }),
  );
});

test('machine, salt, binding and purpose each change the key', () => {
  const [stretched, salt, other] = [randomBytes(32), randomBytes(16), randomBytes(16)];
  const [here, there] = [machineKeyOf('a'), machineKeyOf('b')];
  const keys = [
    keyEncryptionKey(stretched, salt, undefined),
    keyEncryptionKey(stretched, salt, here),
    keyEncryptionKey(stretched, salt, there),
    keyEncryptionKey(stretched, other, here),
    subkey(stretched, 'file', 32),
    subkey(stretched, 'id', 32),
    here,
    there,
  ].map((key) => key.toString('hex'));
  assert.equal(new Set(keys).size, keys.length);
  assert.ok(keys.every((key) => key.length === 64));
  assert.notDeepEqual(machineCheckOf(here, salt), machineCheckOf(here, other));
  assert.notDeepEqual(machineCheckOf(here, salt), machineCheckOf(there, salt));
});

test('key derivation has not changed: otherwise no existing vault would open', () => {
  const [stretched, salt] = [Buffer.alloc(32, 1), Buffer.alloc(saltBytes, 2)];
  const machine = machineKeyOf('machine');
  const hexOf = (...keys: readonly Buffer[]) => keys.map((key) => key.toString('hex'));
  assert.deepEqual(hexOf(machine, machineCheckOf(machine, salt)), [
    'ac183cda40bf5397010f589038178fb7c3afc8770ff090bb25763ed172b85409',
    '34d84c28fd8f2631d47ed81f1ca8a1e5',
  ]);
  assert.deepEqual(
    hexOf(keyEncryptionKey(stretched, salt, undefined), keyEncryptionKey(stretched, salt, machine)),
    [
      '307a5cb73e4940af94e42b8f8ab37be2f0222bdddb187cde95b5034d6be15efa',
      '73164fff2fc88259a07a234442aac27854a0b2a7aa35a06eba5213b00158998b',
    ],
  );
  assert.deepEqual(hexOf(subkey(stretched, 'file', 32)), [
    'aaf14c9e3bcf50e2a7e63b9b22e2193d3e5e8f3f4fd7db587010a0fbd5305108',
  ]);
  assert.deepEqual(pbkdf2Rounds, { usual: 600_000, floor: 600_000, ceiling: 10_000_000 });
});
