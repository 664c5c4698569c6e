// Which secrets count as unfit: placeholders found in practice, short ones, repetitions. Random secrets never do.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { isPlaceholder, secretFault } from './secret-strength.ts';

test('placeholders found in practice', () => {
  const table = [
    'changeme',
    'CHANGE_ME_please_change_me_please_change_me',
    'change-me-to-a-long-random-string-of-characters',
    'replace-with-64-hex-digits-from-openssl-rand-hex-32-replace',
    'your-secret-key-here-your-secret-key-here-your-secret',
    'your_cookie_secret_of_thirty_two_bytes',
    'TODO',
    '<64 hexadecimal digits from openssl rand>',
    'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    'supersecretpassword1234567890abcdefghijk',
    'generate one with openssl rand ...',
  ];
  for (const value of table) {
    assert.ok(isPlaceholder(value), value);
    assert.equal(secretFault(value, 8), 'is a placeholder', value);
  }
});

test('short and repetitive secrets', () => {
  assert.match(secretFault('Zk3vQ9', 32) ?? '', /^is too short \(6 characters, 32 needed\)$/);
  assert.match(secretFault('0'.repeat(64), 64) ?? '', /^is not random/);
  assert.match(secretFault('7654321'.repeat(10), 64) ?? '', /^is not random/);
  assert.equal(secretFault('87654321'.repeat(8), 64), undefined);
  assert.ok(isPlaceholder(''));
});

test('a random secret never counts as a placeholder', () => {
  // Words that random base64url text contains by chance: `todo`, `xxxx`, `your-`.
  for (const value of ['kT0dxTodoQ8w', 'a1XxXxB7', 'q0yOUR-z9', 'R2dUmMy81'])
    assert.ok(!isPlaceholder(value), value);
  for (let i = 0; i < 20_000; i++) {
    assert.equal(secretFault(randomBytes(32).toString('base64url'), 43), undefined);
    assert.equal(secretFault(randomBytes(32).toString('hex'), 64), undefined);
  }
});
