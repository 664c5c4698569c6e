// A file that Python's cryptography sealed in the former format must always open.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLegacy } from './legacy.ts';
import vectors from './legacy.vectors.json' with { type: 'json' };

const { salt, sealed, computer, user, content } = vectors;
const { _expiration_time: end, ...cookies } = content;

test('what the Python pipeline encrypted is imported', async () => {
  const files = { sealed: Buffer.from(`${sealed}\n`), salt: Buffer.from(salt, 'hex'), computer, user };
  assert.deepEqual(await openLegacy(files, end * 1000 - 1), {
    cookies: Object.entries(cookies).map(([name, value]) => ({ name, value })),
    expiresAt: end * 1000,
    leftOut: 0,
  });
  assert.deepEqual(await openLegacy(files, end * 1000), { kind: 'expired' });
});
