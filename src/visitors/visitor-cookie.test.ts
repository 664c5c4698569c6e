// The visitor cookie: whose it is and how old it is, determined only by the server's key and clock.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeyring } from '../crypto/keyring.ts';
import { digest } from '../crypto/tokens.ts';
import { issueVisitor, readVisitor, resignVisitor } from './visitor-cookie.ts';

const issuedAt = 1_750_000_000_000;
const ttlMs = 7 * 86_400_000;
const keyring = createKeyring(['new', 'old']);
const { visitor, value } = issueVisitor(keyring, issuedAt, ttlMs);
const read = (now: number) => readVisitor(value, keyring, now, ttlMs);

test('a visitor cookie is valid until its end', () => {
  assert.equal(visitor.expiresAt, issuedAt + ttlMs);
  assert.equal(visitor.idHash, digest(value.slice(0, 43)));
  assert.deepEqual(read(issuedAt), visitor);
  assert.deepEqual(read(issuedAt + ttlMs - 1), visitor);
  assert.equal(read(issuedAt + ttlMs), undefined);
});

test('a visitor cookie from more than a minute ahead is refused: a wrong clock issued it, and it would last too long', () => {
  assert.deepEqual(read(issuedAt - 60_000), visitor);
  assert.equal(read(issuedAt - 60_001), undefined);
});

test('a visitor cookie is accepted only as it was issued', () => {
  const [id, issued, mac] = value.split('.');
  for (const other of [
    `${id}.${Number(issued) + 1}.${mac}`,
    `${id}.${issued}.${keyring.mac('session cookie', `${id}.${issued}`)}`,
    `${id}.${issued}`,
    `${value}.`,
    ` ${value}`,
    '',
  ])
    assert.equal(readVisitor(other, keyring, issuedAt, ttlMs), undefined, other);
});

test('a visitor cookie signed with a former key is signed again and stays the same visitor', () => {
  const former = issueVisitor(createKeyring(['old']), issuedAt, ttlMs);
  assert.equal(readVisitor(former.value, keyring, issuedAt, ttlMs)?.signedBy, 'fallback');
  const again = resignVisitor(former.value, keyring);
  assert.deepEqual(readVisitor(again, keyring, issuedAt, ttlMs), former.visitor);
});
