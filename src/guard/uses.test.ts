// What a use of an app writes, and how rarely.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionRow } from '../store/contract-sessions.ts';
import type { GuardedApp } from './contract.ts';
import { createUses } from './uses.ts';

const [minute, day] = [60_000, 86_400_000];
const app = { name: 'wiki' } as GuardedApp;
const enteredAt = 10 * day;
const row = {
  key: 'row',
  lastSeenAt: enteredAt,
  data: { 'in:wiki': enteredAt, 'use:wiki': enteredAt },
} as unknown as SessionRow;

function begin() {
  const writes: string[] = [];
  const note = createUses({
    sessions: {
      update: async (key, change) => {
        writes.push(`update ${key} ${Object.keys(change)}`);
        return true;
      },
      touch: async (key) => {
        writes.push(`touch ${key}`);
        return true;
      },
    },
    limits: { lifetimeMs: 7 * day, idleMs: day },
    noteApp: async (name) => void writes.push(`app ${name}`),
    logger: { warn: () => assert.fail('nothing failed') },
  });
  return { writes, note };
}

test('an app that somebody opens for a moment counts as used', () => {
  const { writes, note } = begin();
  note(row, app, enteredAt + 100);
  note(row, app, enteredAt + 200);
  assert.deepEqual(writes, ['app wiki']);
});

test('each is written at most once a minute', () => {
  const { writes, note } = begin();
  for (let at = enteredAt + minute; at < enteredAt + 3 * minute; at += 1000) note(row, app, at);
  assert.equal(writes.filter((one) => one === 'update row use:wiki').length, 2);
  assert.equal(writes.filter((one) => one === 'app wiki').length, 2);
});
