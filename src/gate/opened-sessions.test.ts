// A session that was opened before is known again, and only with the same value and the same secret.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createOpener } from './opened-sessions.ts';
import { encode, seal } from './ticket.fixture.ts';

const secret = randomBytes(16);
const stored = (user: string) => seal(encode({ u: user, ca: new Date(5) }), secret);

test('cached sessions are distinguished by value and secret', () => {
  const open = createOpener();
  const value = stored('ada');
  const first = open('k', value, secret);
  assert.ok(typeof first === 'object' && first.personId === 'ada');
  assert.equal(open('k', value, secret), first, 'the very same');
  assert.equal(open('k', value, randomBytes(16)), 'another secret');
  assert.equal(open('k', value, secret), first, 'a wrong secret does not replace what is remembered');
  const later = open('k', stored('grace'), secret);
  assert.ok(typeof later === 'object' && later.personId === 'grace');
  assert.equal(open('k', Buffer.from('x'), secret), 'too short');
});

test('the cache has a limit', () => {
  const open = createOpener(2);
  const [a, b, c] = [stored('a'), stored('b'), stored('c')];
  const first = open('a', a, secret);
  const second = open('b', b, secret);
  assert.equal(open('a', a, secret), first, 'two are remembered');
  open('c', c, secret);
  assert.equal(open('b', b, secret), second, 'only the one opened longest ago is forgotten');
  assert.notEqual(open('a', a, secret), first, 'was forgotten, and opened anew');
});
