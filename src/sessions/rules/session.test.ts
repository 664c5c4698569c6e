// The rules of a session at their exact boundaries: both limits, wrong clocks, and how an id is judged.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionRow } from '../../store/contract-sessions.ts';
import { absoluteEndOf, endOf, graceMs, isInFuture, stateOfId, touchIntervalMs } from './session.ts';

const hour = 3_600_000;
const began = 1_750_000_000_000;
const limits = { lifetimeMs: 10 * hour, idleMs: 2 * hour };
const row: SessionRow = {
  key: 'key',
  handle: 'handle',
  personId: '1',
  email: 'ada@example.org',
  createdAt: began,
  lastSeenAt: began,
  expiresAt: began + limits.lifetimeMs,
  idHash: 'present',
  idIssuedAt: began,
  data: {},
};

test('a session is idle from the exact millisecond of its limit', () => {
  const at = began + limits.idleMs;
  assert.equal(endOf(row, limits, at - 1), undefined);
  assert.deepEqual(endOf(row, limits, at), { at, reason: 'idle' });
});

test('a session expires at the exact millisecond of its lifetime, however recently it was used', () => {
  const at = began + limits.lifetimeMs;
  const used = { ...row, lastSeenAt: at - 1 };
  assert.equal(endOf(used, limits, at - 1), undefined);
  assert.deepEqual(endOf(used, limits, at), { at, reason: 'expired' });
});

test('if the lifetime was changed since, the shorter one counts', () => {
  assert.equal(absoluteEndOf(row, { ...limits, lifetimeMs: hour }), began + hour);
  assert.equal(absoluteEndOf(row, { ...limits, lifetimeMs: 20 * hour }), row.expiresAt);
});

test('an end that was written stays as it is', () => {
  const ended = { at: began + 1, reason: 'signed_out' } as const;
  assert.equal(endOf({ ...row, ended }, limits, began + 2), ended);
});

test('clocks of replicas may differ by five minutes; anything further in the future was written by a wrong clock', () => {
  assert.equal(isInFuture(began + 300_000, began), false);
  assert.equal(isInFuture(began + 300_001, began), true);
  const now = began - 300_001;
  assert.deepEqual(endOf(row, limits, now), { at: now, reason: 'expired' });
  assert.equal(endOf(row, limits, now + 1), undefined);
  const seenAhead = { ...row, createdAt: began - hour, lastSeenAt: began };
  assert.deepEqual(endOf(seenAhead, limits, now), { at: now, reason: 'idle' });
});

test('the previous id is accepted until the grace period after its successor was used, and is then a replay', () => {
  const stateAt = (now: number, successorSeenAt?: number) => {
    const previous = { idHash: 'before', salt: 'salt', ...(successorSeenAt && { successorSeenAt }) };
    return stateOfId({ idHash: 'present', previous }, 'before', now);
  };
  assert.equal(stateAt(began + 100 * hour), 'previous');
  assert.equal(stateAt(began + 30_000, began), 'previous');
  assert.equal(stateAt(began + 30_001, began), 'replayed');
  // Otherwise a wrong clock would extend the grace period by as much as it is ahead.
  assert.equal(stateAt(began - 300_000, began), 'previous');
  assert.equal(stateAt(began - 300_001, began), 'replayed');
  assert.equal(graceMs, 30_000);
});

test('only the current id is valid, and an unknown one is a replay', () => {
  const previous = { idHash: 'before', salt: 'salt' };
  assert.equal(stateOfId({ idHash: 'present', previous }, 'present', began), 'valid');
  assert.equal(stateOfId({ idHash: 'present', previous }, 'of two before', began), 'replayed');
  assert.equal(stateOfId({ idHash: 'present' }, 'before', began), 'replayed');
});

test('a session is written as seen at most once a minute, and often enough for a short idle limit', () => {
  assert.equal(touchIntervalMs({ ...limits, idleMs: hour }), 60_000);
  assert.equal(touchIntervalMs({ ...limits, idleMs: 60_000 }), 6_000);
});
