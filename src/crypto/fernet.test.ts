// Fernet: test vectors of the specification and of Python's library, which must always open; properties by fast-check; and, where Python's
// library is installed, interoperability in both directions.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { openFernet, sealFernet } from './fernet.ts';
import vectors from './fernet.vectors.json' with { type: 'json' };

const keyOf = (secret: string) => Buffer.from(secret, 'base64url');
const { generate, verify, invalid } = vectors.specification;
const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 });

test('the specification’s tokens are reproduced exactly', () => {
  for (const { token, now, iv, src, secret } of generate)
    assert.equal(sealFernet(keyOf(secret), Buffer.from(src), Date.parse(now), Uint8Array.from(iv)), token);
});

test('the specification’s tokens open', () => {
  for (const { token, now, ttl_sec, src, secret } of verify) {
    const age = { now: Date.parse(now), maxAgeMs: ttl_sec * 1000 };
    assert.equal(openFernet(keyOf(secret), token, age)?.toString(), src);
  }
});

test('the specification’s invalid tokens are all refused in the same way', () => {
  assert.equal(invalid.length, 8);
  for (const { desc, token, now, ttl_sec, secret } of invalid) {
    const age = { now: Date.parse(now), maxAgeMs: ttl_sec * 1000 };
    assert.equal(openFernet(keyOf(secret), token, age), undefined, desc);
  }
});

test('tokens made by Python’s cryptography open', () => {
  for (const { secret, token, src } of vectors.python)
    assert.equal(openFernet(keyOf(secret), token)?.toString(), src);
});

test('opening inverts sealing at every permitted age, and at no other', () => {
  fc.assert(
    fc.property(
      anyKey,
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 0, max: 4e12 }),
      fc.integer({ min: -3600, max: 3600 }),
      (key, plaintext, at, laterS) => {
        const token = sealFernet(key, plaintext, at);
        const opened = openFernet(key, token, { now: at + laterS * 1000, maxAgeMs: 600_000 });
        assert.deepEqual(
          opened && Uint8Array.from(opened),
          laterS >= -60 && laterS <= 600 ? plaintext : undefined,
        );
        assert.deepEqual(Uint8Array.from(openFernet(key, token) ?? []), plaintext);
      },
    ),
    { numRuns: 300 },
  );
});

test('every single bit is authenticated: of the bytes and of the text', () => {
  const key = randomBytes(32);
  const token = sealFernet(key, Buffer.from('JSESSIONID=0123456789'), Date.now());
  const bytes = Buffer.from(token, 'base64url');
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = Buffer.from(bytes);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const padded = changed.toString('base64url').padEnd(token.length, '=');
    assert.equal(openFernet(key, padded), undefined, `bit ${bit}`);
  }
  for (let i = 0; i < token.length; i++)
    for (let bit = 0; bit < 8; bit++) {
      const changed = String.fromCharCode(token.charCodeAt(i) ^ (1 << bit));
      assert.equal(openFernet(key, token.slice(0, i) + changed + token.slice(i + 1)), undefined);
    }
  for (let i = 0; i < token.length; i++) assert.equal(openFernet(key, token.slice(0, i)), undefined);
});

test('another encoding of the same bytes is refused: alphabet, padding, spare bits, whitespace', () => {
  const key = randomBytes(32);
  // 89 bytes leave two unused bits in the last character, and one padding character.
  const token = Array.from({ length: 400 }, (_, i) => sealFernet(key, Buffer.alloc(16), 1.7e12 + i)).find(
    (text) => /[-_]/.test(text) && text.endsWith('=') && !text.endsWith('=='),
  );
  assert.ok(token && openFernet(key, token));
  const spare = String.fromCharCode(token.charCodeAt(token.length - 2) + 1);
  for (const other of [
    token.replaceAll('-', '+').replaceAll('_', '/'),
    token.slice(0, -1),
    `${token}=`,
    `${token}\n`,
    ` ${token}`,
    `${token.slice(0, -2)}${spare}=`,
    `${token.slice(0, 9)}\n${token.slice(9)}`,
  ])
    assert.equal(openFernet(key, other), undefined);
});

test('no IV is used twice, and a key of the wrong length is a programming error', () => {
  const key = randomBytes(32);
  const ivs = Array.from({ length: 10_000 }, () =>
    Buffer.from(sealFernet(key, Buffer.of(1), 0), 'base64url')
      .subarray(9, 25)
      .toString('hex'),
  );
  assert.equal(new Set(ivs).size, ivs.length);
  assert.throws(() => sealFernet(key.subarray(1), Buffer.of(), 0), RangeError);
});

// Without Python and its library, only the vectors above cover this.
const python = 'import sys, json\nfrom cryptography.fernet import Fernet\n';
if (spawnSync('python3', ['-c', python]).status === 0) {
  test('Python’s cryptography opens what is sealed here, and vice versa, at the current time', () => {
    const key = randomBytes(32);
    const secret = `${key.toString('base64url')}=`;
    const texts = ['', 'a', 'exactly sixteen.', 'ü'.repeat(500)];
    const sealed = texts.map((text) => sealFernet(key, Buffer.from(text), Date.now()));
    const script = `${python}f = Fernet(${JSON.stringify(secret)}.encode())
print(json.dumps([[f.decrypt(t.encode(), ttl=60).decode(), f.encrypt(f.decrypt(t.encode())).decode()] for t in json.load(sys.stdin)]))`;
    const input = JSON.stringify(sealed);
    const answer: [string, string][] = JSON.parse(
      execFileSync('python3', ['-c', script], { input, encoding: 'utf8' }),
    );
    assert.deepEqual(
      answer.map(([text]) => text),
      texts,
    );
    const age = { now: Date.now(), maxAgeMs: 60_000 };
    assert.deepEqual(
      answer.map(([, token]) => openFernet(key, token, age)?.toString()),
      texts,
    );
  });
}
