// The daily counts: none lost to an outage or at midnight, and no write if nothing happened.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CounterTable } from '../store/contract.ts';
import { createDaily, type DailyName } from './daily.ts';

const dayMs = 86_400_000;
const midnight = Date.UTC(2026, 10, 24);

function world() {
  let at = midnight - 1000;
  let down = false;
  let writes = 0;
  const days = new Map<string, Record<string, number>>();
  const ends = new Set<number>();
  const change = (day: string, expiresAt: number, edit: (counts: Record<string, number>) => void) => {
    if (down) throw new Error('down');
    writes++;
    ends.add(expiresAt - Date.parse(day));
    const counts = days.get(day) ?? {};
    edit(counts);
    days.set(day, counts);
  };
  const counters: CounterTable = {
    add: async (day, counts, expiresAt) =>
      change(day, expiresAt, (kept) => {
        for (const [name, n] of Object.entries(counts)) kept[name] = (kept[name] ?? 0) + n;
      }),
    raise: async (day, name, n, expiresAt) =>
      change(day, expiresAt, (kept) => {
        kept[name] = Math.max(kept[name] ?? 0, n);
      }),
    read: async () => [],
  };
  const logger = { warn: () => undefined } as never;
  return {
    daily: createDaily({ counters, now: () => at, logger }),
    days: () => Object.fromEntries(days),
    ends,
    writes: () => writes,
    setDown: (value: boolean) => {
      down = value;
    },
    wait: (ms: number) => {
      at += ms;
    },
  };
}

test('counts are collected and written together, each to its own day, to be kept for 60 days', async () => {
  const { daily, days, writes, ends, wait } = world();
  for (let i = 0; i < 100; i++) daily.add('sign-ins');
  daily.add('rejected.csrf');
  assert.equal(writes(), 0);
  wait(2000);
  daily.add('sign-ins');
  await daily.flush();
  assert.equal(writes(), 2);
  assert.deepEqual(days(), {
    '2026-11-23': { 'sign-ins': 100, 'rejected.csrf': 1 },
    '2026-11-24': { 'sign-ins': 1 },
  });
  assert.deepEqual([...ends], [61 * dayMs]);
  await daily.flush();
  assert.equal(writes(), 2, 'nothing happened, nothing is written');
});

test('the maximum of a day is written when it rises, and starts again the next day', async () => {
  const { daily, days, writes, wait } = world();
  for (const n of [3, 5, 4]) daily.raise('live', n);
  await daily.flush();
  daily.raise('live', 5);
  await daily.flush();
  assert.equal(writes(), 1);
  wait(2000);
  daily.raise('live', 2);
  await daily.flush();
  assert.deepEqual(days(), { '2026-11-23': { live: 5 }, '2026-11-24': { live: 2 } });
});

test('whatever outages there are, nothing is lost or counted twice', async () => {
  const names: DailyName[] = ['sign-ins', 'rejected.proof'];
  const step = fc.oneof(
    fc.record({ add: fc.constantFrom(...names) }),
    fc.record({ down: fc.boolean() }),
    fc.record({ live: fc.integer({ min: 1, max: 50 }) }),
    fc.constant({ flush: true as const }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { daily, days, setDown } = world();
      const expected: Record<string, number> = {};
      for (const one of steps) {
        if ('add' in one) {
          daily.add(one.add);
          expected[one.add] = (expected[one.add] ?? 0) + 1;
        } else if ('live' in one) {
          daily.raise('live', one.live);
          expected['live'] = Math.max(expected['live'] ?? 0, one.live);
        } else if ('down' in one) setDown(one.down);
        else await daily.flush();
      }
      setDown(false);
      await daily.flush();
      assert.deepEqual(days()['2026-11-23'] ?? {}, expected);
    }),
  );
});
