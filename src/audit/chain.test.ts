// How entries and marks are sealed: always in the same way, and never the same seal for different contents.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chainStart, judgeMark, readMark, recordKeys, sealEntry, sealMark } from './chain.ts';

const [key, other] = recordKeys(['a1'.repeat(32), 'b2'.repeat(32)]);
assert.ok(key && other);
const at = Date.UTC(2026, 10, 28);
const body = { at: new Date(at).toISOString(), event: 'session.created', outcome: 'done' } as const;
const text = sealMark('head', { seq: 7, mac: 'mac' }, at, key);
const mark = readMark(text);
assert.ok(mark);

test('the seals of an entry and of a mark have not changed, so that existing records verify', () => {
  assert.equal(key.kid, 'a7e245ad');
  assert.equal(sealEntry(body, 1, chainStart, key).mac, 'qyTw8KDGYpTc0fQlYsTphCI9ieNxg5SsE91P3dRBI44');
  assert.equal(mark.seal, 'adx6EbE4tmPJZ4gjtu_--LI48Mi2p_TzlG0FMwkAU48');
});

test('a seal is valid only for its own entry, position and predecessor', () => {
  const seals = [
    sealEntry(body, 1, 'A', key),
    sealEntry(body, 2, 'A', key),
    sealEntry(body, 1, 'B', key),
    sealEntry({ ...body, event: 'session.ended' }, 1, 'A', key),
    sealEntry(body, 1, 'A', other),
  ];
  assert.equal(new Set(seals.map(({ mac }) => mac)).size, seals.length);
  // Two lists of parts that are identical when concatenated.
  const [one, two] = [
    sealMark('head', { seq: 1, mac: '23' }, at, key),
    sealMark('head', { seq: 12, mac: '3' }, at, key),
  ];
  assert.notEqual(readMark(one)?.seal, readMark(two)?.seal);
});

test('a mark is genuine only as the kind it was sealed as, and with a known key', () => {
  assert.equal(judgeMark('head', mark, [other, key]), 'genuine');
  assert.equal(judgeMark('anchor', mark, [key]), 'forged');
  assert.equal(judgeMark('checkpoint', mark, [key]), 'forged');
  assert.equal(judgeMark('head', mark, [other]), 'key unknown');
  for (const changed of [
    { seq: 8 },
    { mac: 'another' },
    { at: new Date(at + 1).toISOString() },
    { seal: '' },
  ])
    assert.equal(judgeMark('head', { ...mark, ...changed }, [key]), 'forged', JSON.stringify(changed));
});

test('an incomplete mark is refused', () => {
  const { seal: _, ...unsealed } = mark;
  for (const wrong of [
    null,
    [],
    {},
    unsealed,
    { ...mark, v: 2 },
    { ...mark, seq: 1.5 },
    { ...mark, seq: '7' },
    { ...mark, mac: 7 },
  ])
    assert.equal(readMark(JSON.stringify(wrong)), undefined, JSON.stringify(wrong));
  assert.equal(readMark('nonsense'), undefined);
});
