// Who may use an app, and until when.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Allowed } from './contract.ts';
import { mayUse } from './may-use.ts';

const groups = new Map([['family', new Set(['wim@example.org', 'an@example.org'])]]);
const now = 1000;
const ask = (who: readonly Allowed[], email = 'wim@example.org', at = now) =>
  mayUse({ who }, { email }, { groups, now: at });

test('everyone, a group, a person', () => {
  assert.equal(ask([]), 'no');
  assert.equal(ask([{ kind: 'everyone' }], 'anyone@example.net'), 'yes');
  assert.equal(ask([{ kind: 'group', name: 'family' }]), 'yes');
  assert.equal(ask([{ kind: 'group', name: 'family' }], 'eve@example.org'), 'no');
  assert.equal(ask([{ kind: 'group', name: 'strangers' }]), 'no');
  assert.equal(ask([{ kind: 'person', name: 'wim@example.org' }]), 'yes');
  assert.equal(ask([{ kind: 'person', name: 'wim@example.org' }], 'wim@example.net'), 'no');
  assert.equal(ask([{ kind: 'person', name: 'im@example.org' }]), 'no');
});

test('addresses compare in lower case', () => {
  assert.equal(ask([{ kind: 'group', name: 'family' }], 'Wim@Example.org'), 'yes');
  assert.equal(ask([{ kind: 'person', name: 'Wim@example.org' }], 'wim@EXAMPLE.org'), 'yes');
});

test('a rule applies until its instant, and not at it', () => {
  const who: Allowed[] = [{ kind: 'person', name: 'wim@example.org', until: 2000 }];
  assert.equal(ask(who, 'wim@example.org', 1999), 'yes');
  assert.equal(ask(who, 'wim@example.org', 2000), 'no-longer');
  assert.equal(ask(who, 'an@example.org', 2000), 'no');
  assert.equal(ask([{ kind: 'group', name: 'family', until: 2000 }], 'an@example.org', 3000), 'no-longer');
  assert.equal(ask([{ kind: 'everyone', until: 2000 }], 'an@example.org', 3000), 'no-longer');
});

test('one rule that applies is enough, in any order', () => {
  const past: Allowed = { kind: 'person', name: 'wim@example.org', until: 5 };
  const family: Allowed = { kind: 'group', name: 'family' };
  assert.equal(ask([past, family]), 'yes');
  assert.equal(ask([family, past]), 'yes');
  assert.equal(ask([past, { kind: 'person', name: 'an@example.org' }]), 'no-longer');
});
