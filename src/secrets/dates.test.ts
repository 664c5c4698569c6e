// When a former secret can be removed: once everything that it signed has expired, never before.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canGoFrom, dayOf, markOf, readDates, writeDates } from './dates.ts';
import { keptForMs } from './kept-for.ts';
import { secretKinds } from './kinds.ts';

const dayMs = 86_400_000;

test('days are parsed strictly, and written as they were read', () => {
  const text = '1a2b3c4d=2026-11-23,00000000=2020-02-29';
  assert.equal(writeDates(readDates(text)), text);
  assert.equal(writeDates(readDates(' 1a2b3c4d=2026-11-23 , ')), '1a2b3c4d=2026-11-23');
  for (const wrong of [
    undefined,
    '',
    'x',
    '1a2b3c4d',
    '1a2b3c4d=',
    '1a2b3c4d=23.11.2026',
    '1A=2026-11-23',
    '1a2b3c4d=2026-13-45',
  ])
    assert.equal(readDates(wrong).size, 0, wrong);
});

test('a secret that may have been chosen by a person has no fingerprint', () => {
  assert.equal(markOf('correct horse battery staple'), undefined);
  assert.match(markOf('x'.repeat(32)) ?? '', /^[\da-f]{8}$/);
});

test('a week after its last day, and a day for the gate secret', () => {
  assert.equal(canGoFrom('2026-11-23', 7 * dayMs), '2026-12-01');
  assert.equal(canGoFrom('2026-11-23', dayMs), '2026-11-25');
  assert.equal(canGoFrom('2026-11-23', dayMs + 1), '2026-11-26');
});

test('property: everything signed on its last day has expired when it can go, and no day is wasted', () => {
  const at = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2060, 0, 1) });
  fc.assert(
    fc.property(at, fc.integer({ min: 0, max: 400 * dayMs }), (usedAt, keptFor) => {
      const lastDay = dayOf(usedAt);
      const freeAt = Date.parse(canGoFrom(lastDay, keptFor));
      assert.ok(usedAt + keptFor <= freeAt);
      assert.ok(freeAt - dayMs < Date.parse(lastDay) + dayMs + keptFor);
    }),
  );
});

test('a session key is needed for the longer lifetime of both cookies, and a day', () => {
  const [session, gate] = secretKinds;
  assert.ok(session && gate);
  const table: [Record<string, string>, number | undefined][] = [
    [{}, 8 * dayMs],
    [{ SECURITY_PROFILE: 'high' }, 8 * dayMs],
    [{ SECURITY_PROFILE: 'high', VISITOR_SESSION_TTL_DAYS: '1' }, 2 * dayMs],
    [{ SECURITY_PROFILE: 'convenience' }, 31 * dayMs],
    [{ PERMANENT_SESSION_LIFETIME: '240h' }, 11 * dayMs],
    [{ SECURITY_PROFILE: 'convenience', PERMANENT_SESSION_LIFETIME: '3600' }, 8 * dayMs],
    [{ VISITOR_SESSION_TTL_DAYS: '90' }, 91 * dayMs],
    [{ PERMANENT_SESSION_LIFETIME: 'long' }, undefined],
    [{ VISITOR_SESSION_TTL_DAYS_FILE: '/x' }, undefined],
    [{ SECURITY_PROFILE: 'none' }, undefined],
  ];
  for (const [values, expected] of table) {
    assert.equal(keptForMs(session, values), expected, JSON.stringify(values));
    assert.equal(keptForMs(gate, values), dayMs);
  }
});
