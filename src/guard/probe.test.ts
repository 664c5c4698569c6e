// The check-up's question to the guard: only a holder of SECRET_KEY can ask it, and only one can answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeyring } from '../crypto/keyring.ts';
import { probeAnswer, probeQuestion, readProbeAnswer, readProbeQuestion, rulesDigest } from './probe.ts';

const own = createKeyring(['a'.repeat(64)]);
const other = createKeyring(['b'.repeat(64)]);
const nonce = 'n'.repeat(22);
const at = Date.parse('2026-11-23T12:00:00Z');
const facts = {
  nonce,
  keys: 1,
  keyOf: 'wiki',
  ...{ method: ['GET'], uri: ['/x'], host: ['wiki.test'], address: ['203.0.113.9'], rules: 'r' },
};
const questionOf = (keyring = own) =>
  new URL(probeQuestion(keyring, nonce, at), 'http://x').searchParams.get('q') ?? '';

test('a question is understood for five minutes, also when the clocks differ, and not from somebody else', () => {
  for (const late of [0, 299_000, -299_000])
    assert.equal(readProbeQuestion(own, questionOf(), at + late), nonce);
  for (const late of [300_000, -300_000])
    assert.equal(readProbeQuestion(own, questionOf(), at + late), undefined);
  assert.equal(readProbeQuestion(own, questionOf(other), at), undefined);
  assert.equal(readProbeQuestion(own, questionOf().replace('nnn', 'mmm'), at), undefined);
  for (const text of ['', '.', `${at}.${nonce}.`, `${questionOf()}x`])
    assert.equal(readProbeQuestion(own, text, at), undefined);
});

test('a former SECRET_KEY still asks and answers', () => {
  const rotated = createKeyring(['c'.repeat(64), 'a'.repeat(64)]);
  assert.equal(readProbeQuestion(rotated, questionOf(), at), nonce);
  assert.deepEqual(readProbeAnswer(rotated, probeAnswer(own, facts), nonce), facts);
});

test('an answer counts for its own question, and from nobody else', () => {
  assert.deepEqual(readProbeAnswer(own, `${probeAnswer(own, facts)}\n`, nonce), facts);
  assert.equal(readProbeAnswer(own, probeAnswer(other, facts), nonce), undefined);
  assert.equal(readProbeAnswer(own, probeAnswer(own, facts), 'm'.repeat(22)), undefined);
  const [mac = '', text = ''] = probeAnswer(own, facts).split('.');
  const changed = Buffer.from(Buffer.from(text, 'base64url').toString().replace('wiki', 'file')).toString(
    'base64url',
  );
  assert.equal(readProbeAnswer(own, `${mac}.${changed}`, nonce), undefined);
  assert.equal(readProbeAnswer(own, '<html>', nonce), undefined);
  // A question is not an answer, although both are signed.
  assert.equal(readProbeAnswer(own, questionOf(), nonce), undefined);
});

test('the same rules have the same digest, in whichever order, and others do not', () => {
  const apps = (who: string, names = ['a', 'b']) => ({
    apps: new Map(names.map((name) => [name, { who: [who] }])),
    groups: new Map([['family', new Set(['x', 'y'])]]),
  });
  assert.equal(rulesDigest(apps('everyone')), rulesDigest(apps('everyone', ['b', 'a'])));
  assert.notEqual(rulesDigest(apps('everyone')), rulesDigest(apps('nobody')));
  const fewer = { ...apps('everyone'), groups: new Map([['family', new Set(['x'])]]) };
  assert.notEqual(rulesDigest(apps('everyone')), rulesDigest(fewer));
});
