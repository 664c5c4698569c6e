// When a secret is due and when a former one can be removed, and which key signs if there are several servers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { signingIndex } from './replicas.ts';
import { dayOf, dueAt, endOfDay, goesAt, stateOf } from './rules.ts';

const day = 86_400_000;
const made = Date.UTC(2026, 7, 1);
const maxAge = 90 * day;

test('a secret is fresh, due soon two weeks before its date, then due', () => {
  const due = dueAt({ kind: 'made', at: made }, maxAge);
  assert.equal(due, made + maxAge);
  assert.equal(stateOf(due, made), 'fresh');
  assert.equal(stateOf(due, made + 76 * day - 1), 'fresh');
  assert.equal(stateOf(due, made + 76 * day), 'due soon');
  assert.equal(stateOf(due, made + maxAge), 'due');
  assert.equal(stateOf(dueAt({ kind: 'unknown' }, maxAge), made), 'unknown');
});

test('a day is read as it is written, and nothing else is a day', () => {
  assert.equal(dayOf('2026-08-01'), made);
  for (const text of [undefined, '', '2026-8-1', '2026-13-01', 'yesterday'])
    assert.equal(dayOf(text), undefined);
  assert.equal(endOfDay(made), made + day);
});

test('a former secret expires after its successor was made, or after it was last used', () => {
  const facts = { outSince: made, lastUsedAt: made + 3 * day, neededMs: 7 * day };
  assert.equal(goesAt({ ...facts, needed: 'after its successor' }), made + 7 * day);
  assert.equal(goesAt({ ...facts, needed: 'after its last use' }), made + 10 * day);
  assert.equal(goesAt({ ...facts, lastUsedAt: undefined, needed: 'after its last use' }), made + 7 * day);
});

test('whatever the servers accept, the signing key is one that all of them accept, if there is one', () => {
  const print = fc.constantFrom('a', 'b', 'c', 'd');
  const lists = fc.array(fc.uniqueArray(print), { maxLength: 4 });
  fc.assert(
    fc.property(fc.uniqueArray(print, { minLength: 1 }), lists, (own, others) => {
      const index = signingIndex(own, others);
      const common = own.filter((one) => others.every((accepts) => accepts.includes(one)));
      assert.equal(own[index], common[0] ?? own[0]);
    }),
  );
});
