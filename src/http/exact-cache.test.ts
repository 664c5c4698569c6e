// The cache of what follows from exact bytes: bounded by entries and by characters, and emptied when what it depends on changes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createExactCache } from './exact-cache.ts';

const roomy = { entries: 100, characters: 1_000, version: () => 1 };

test('keeps a value under its exact bytes', () => {
  const cache = createExactCache<number>(roomy);
  cache.set('a', 1);
  assert.equal(cache.get('a'), 1);
  for (const other of ['A', 'a ', '', 'á']) assert.equal(cache.get(other), undefined, other);
});

test('keeps the first value of a key', () => {
  const cache = createExactCache<number>(roomy);
  cache.set('a', 1);
  cache.set('a', 2);
  assert.equal(cache.get('a'), 1);
});

test('drops what it has kept longest when there are too many entries', () => {
  const cache = createExactCache<number>({ ...roomy, entries: 2 });
  for (const [i, key] of ['a', 'b', 'c'].entries()) cache.set(key, i);
  assert.deepEqual(['a', 'b', 'c'].map(cache.get), [undefined, 1, 2]);
});

test('drops what it has kept longest when the keys are too long together', () => {
  const cache = createExactCache<number>({ ...roomy, characters: 10 });
  cache.set('aaaa', 1);
  cache.set('bbbb', 2);
  cache.set('cc', 3);
  assert.deepEqual(['aaaa', 'bbbb', 'cc'].map(cache.get), [1, 2, 3]);
  cache.set('dddddd', 4);
  assert.deepEqual(['aaaa', 'bbbb', 'cc', 'dddddd'].map(cache.get), [undefined, undefined, 3, 4]);
});

test('does not keep a key that is longer than all may be together', () => {
  const cache = createExactCache<number>({ ...roomy, characters: 10 });
  cache.set('a', 1);
  cache.set('x'.repeat(11), 2);
  assert.equal(cache.get('x'.repeat(11)), undefined);
  assert.equal(cache.get('a'), 1);
});

test('counts characters anew after it was emptied', () => {
  let version = 1;
  const cache = createExactCache<number>({ ...roomy, characters: 10, version: () => version });
  cache.set('aaaaaaaaaa', 1);
  version = 2;
  cache.set('bbbbb', 2);
  cache.set('ccccc', 3);
  assert.deepEqual(['aaaaaaaaaa', 'bbbbb', 'ccccc'].map(cache.get), [undefined, 2, 3]);
});

test('is empty as soon as the version is another one, and stays so when the earlier one comes back', () => {
  const first = ['secret'];
  let version = first;
  const cache = createExactCache<number>({ ...roomy, version: () => version });
  cache.set('a', 1);
  version = ['secret'];
  assert.equal(cache.get('a'), undefined);
  version = first;
  assert.equal(cache.get('a'), undefined);
});
