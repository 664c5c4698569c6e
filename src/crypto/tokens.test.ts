// Random names that people paste into a terminal.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomName } from './tokens.ts';

test('a name is 12 characters of base64url, unique, and never looks like an option', () => {
  const names = Array.from({ length: 5_000 }, randomName);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^\w[\w-]{11}$/);
});
