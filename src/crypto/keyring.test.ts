// The keyring: a key for one purpose is invalid for any other, and a replacement takes effect for everyone who holds the keys.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeyring } from './keyring.ts';

test('a replacement takes effect immediately in lists already handed out', () => {
  const keyring = createKeyring(['new']);
  const held = keyring.keys('session cookie');
  const [former] = held;
  keyring.replace(['newer', 'new']);
  assert.equal(keyring.keys('session cookie'), held);
  assert.equal(held.length, 2);
  assert.equal(held[1], former);
  keyring.replace(['newer']);
  assert.equal(held.length, 1);
  assert.notEqual(held[0], former);
});

test('what a former key made is accepted and marked as former; what a removed one made is refused', () => {
  const used: string[] = [];
  const keyring = createKeyring(['old'], (secret) => used.push(secret));
  const mac = keyring.mac('visitor cookie', 'text');
  assert.equal(keyring.verify('visitor cookie', 'text', mac), 'current');
  keyring.replace(['new', 'old']);
  assert.equal(keyring.hasFormer(), true);
  assert.equal(keyring.verify('visitor cookie', 'text', mac), 'fallback');
  assert.equal(keyring.verify('session cookie', 'text', mac), undefined);
  assert.deepEqual(used, ['old']);
  keyring.replace(['new']);
  assert.equal(keyring.verify('visitor cookie', 'text', mac), undefined);
  assert.equal(keyring.hasFormer(), false);
});

test('while an older key signs, the newest counts as current, and neither is marked as former', () => {
  const used: string[] = [];
  const elsewhere = createKeyring(['new', 'old']).mac('visitor cookie', 'text');
  const keyring = createKeyring(['new', 'old', 'oldest'], (secret) => used.push(secret));
  keyring.replace(['new', 'old', 'oldest'], 1);
  assert.equal(keyring.newestSigns(), false);
  assert.equal(keyring.mac('visitor cookie', 'text'), createKeyring(['old']).mac('visitor cookie', 'text'));
  assert.equal(keyring.keys('session cookie')[0], createKeyring(['old']).keys('session cookie')[0]);
  assert.equal(keyring.verify('visitor cookie', 'text', elsewhere), 'current');
  assert.equal(keyring.macs('visitor cookie', 'text').length, 3);
  assert.deepEqual(used, []);
});

test('key derivation has not changed: otherwise everyone would be signed out', () => {
  const keyring = createKeyring(['secret']);
  assert.equal(keyring.mac('session cookie', 'text'), '_tEIJ8VvjRZ4Pswrf-OChQcd5vUX1TSVfnRS2ndmkPM');
  assert.equal(keyring.mac('session id', 'text'), 'zxyqsxEFTp9zoBbfX6SQ1FZcz6A-K0d9yMbnlNPRnoA');
  assert.equal(keyring.mac('visitor cookie', 'text'), 'ev2WA7gN4p4clvw7l6mqcxDXVHA11ZA4BaQethqT8Bk');
});

test('with fewer secrets left than the position of the signing one, the oldest of them signs', () => {
  const keyring = createKeyring(['new', 'old']);
  keyring.replace(['only'], 1);
  assert.equal(keyring.signs(), 'only');
  assert.equal(keyring.newestSigns(), true);
  keyring.replace(['new', 'old'], -1);
  assert.equal(keyring.signs(), 'new');
  keyring.replace(['newest', 'new']);
  assert.equal(keyring.signs(), 'newest');
});
