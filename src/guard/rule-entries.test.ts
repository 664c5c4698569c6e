// Which entries name a person, when the last of them ends, and how forms and addresses name an entry.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Allowed } from './contract.ts';
import { entriesFor, nameTarget, parseTarget, rightEndOf } from './rule-entries.ts';

const groups = new Map([['family', new Set(['ada@example.org'])]]);
const ada = { email: 'ada@example.org' };
const end = (...who: Allowed[]) => rightEndOf({ who }, groups, ada);

test('the end of a right is that of its last entry; one without an end has none', () => {
  const group: Allowed = { kind: 'group', name: 'family', until: 10 };
  assert.equal(end(group), 10);
  assert.equal(end(group, { kind: 'person', name: 'ada@example.org', until: 20 }), 20);
  assert.equal(end(group, { kind: 'everyone' }), undefined);
  assert.equal(end({ kind: 'person', name: 'grace@example.org', until: 30 }, group), 10);
  assert.equal(end({ kind: 'person', name: 'grace@example.org', until: 30 }), undefined);
  assert.equal(end(), undefined);
});

test('a person is named by everyone, by a group that they are in, and by their address', () => {
  const who: Allowed[] = [
    { kind: 'everyone' },
    { kind: 'group', name: 'family' },
    { kind: 'group', name: 'gone' },
    { kind: 'person', name: 'ada@example.org' },
    { kind: 'person', name: 'family' },
  ];
  assert.deepEqual(entriesFor({ who }, groups, ada), [who[0], who[1], who[3]]);
  assert.deepEqual(entriesFor({ who }, groups, { email: 'grace@example.org' }), [who[0]]);
});

test('a target survives being named in an address', () => {
  for (const target of [
    { kind: 'everyone' },
    { kind: 'group', name: 'everyone' },
    { kind: 'group', name: 'person:x' },
    { kind: 'person', name: 'ada@example.org' },
  ] as const)
    assert.deepEqual(parseTarget(nameTarget(target)), target);
  for (const text of ['', 'group:', 'person', 'all', 'Everyone', 'group'])
    assert.equal(parseTarget(text), undefined);
});
