// The owner mark: how a stored mark relates to a deployment, and what is written in each case.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Deployment, judge, keyMarkOf, type Mark, readMark, writeMark } from './owner-mark.ts';

const since = '2026-11-28';
const publicUrl = 'https://desk.test';
const mark = (...keys: string[]): Mark => ({ keys, publicUrl, since });
const deployment = (keys: readonly string[], more: Partial<Deployment> = {}): Deployment => ({
  keys,
  formerKeys: [],
  publicUrl,
  ...more,
});

test('a deployment recognises its store by any key that it has or had', () => {
  assert.deepEqual(judge(mark('a'), deployment(['a']), true), { kind: 'own' });
  assert.deepEqual(judge(mark('a'), deployment(['b']), true), { kind: 'foreign' });
  assert.deepEqual(judge(mark('a'), deployment(['b', 'a']), false), { kind: 'own', write: mark('b', 'a') });
  const former = deployment(['b'], { formerKeys: ['a'] });
  assert.deepEqual(judge(mark('a'), former, false), { kind: 'own', write: mark('b') });
});

test('a replica not yet reloaded with a newer key leaves the mark unchanged', () => {
  assert.deepEqual(judge(mark('new', 'old'), deployment(['old']), true), { kind: 'own' });
});

test('a development run without a key opens only its own store; a deployment may take that one over', () => {
  assert.deepEqual(judge(mark(), deployment([]), true), { kind: 'own' });
  assert.deepEqual(judge(mark('a'), deployment([]), true), { kind: 'foreign' });
  assert.deepEqual(judge(mark(), deployment(['a']), true), { kind: 'own', write: mark('a') });
});

test('only a start writes a new address', () => {
  const moved = deployment(['a'], { publicUrl: 'https://new.test' });
  assert.deepEqual(judge(mark('a'), moved, true), {
    kind: 'own',
    write: { ...mark('a'), publicUrl: 'https://new.test' },
  });
  assert.deepEqual(judge(mark('a'), moved, false), { kind: 'own' });
});

test('a mark reads back as it was written, and anything else is invalid', () => {
  assert.deepEqual(readMark(writeMark(mark('a', 'b'))), mark('a', 'b'));
  for (const text of [
    '',
    'null',
    '{}',
    '{"keys":"a","publicUrl":"x","since":"y"}',
    '{"keys":[1],"publicUrl":"x","since":"y"}',
    '{"keys":["a"],"since":"y"}',
    '{"keys":["a"],"publicUrl":"x"}',
  ])
    assert.equal(readMark(text), undefined, text);
});

test('the mark of a key has not changed: another one would lock a deployment out of its store', () => {
  assert.equal(keyMarkOf('a1'.repeat(32)), 'C2rM_SkjSqnXwoNbgAlzT1');
});
