// Forecasts when the store will be full, from the samples of the last days in a real store.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Room, Store } from '../store/contract.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { dayOf } from './daily.ts';
import { forecastStorage } from './storage-forecast.ts';

const dayMs = 86_400_000;
const now = Date.parse('2026-11-28T12:00:00Z');
const mega = 1_000_000;
let folder: string;
let store: Store;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-room-'));
  store = openSqliteStore(folder);
});
after(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const foretell = (room: Room | undefined, at = now) =>
  forecastStorage({ counters: store.counters, room: async () => room }, at);
const sample = (daysAgo: number, bytes: number, at = now) =>
  store.counters.raise(dayOf(at - daysAgo * dayMs), 'store-bytes', bytes, at + 60 * dayMs);

test('a store that grows by two megabytes a day is full when the rest is used up', async () => {
  assert.deepEqual(await foretell({ usedBytes: 80 * mega, mostBytes: 100 * mega }), {
    usedBytes: 80 * mega,
    mostBytes: 100 * mega,
  });
  await sample(2, 76 * mega);
  assert.equal((await foretell({ usedBytes: 80 * mega }))?.bytesADay, undefined, 'two days say nothing yet');
  await sample(10, 60 * mega);
  await sample(40, 0);
  const forecast = await foretell({ usedBytes: 80 * mega, mostBytes: 100 * mega });
  assert.equal(forecast?.bytesADay, 2 * mega);
  assert.equal(forecast?.daysLeft, 10);
  assert.equal((await foretell({ usedBytes: 80 * mega }))?.daysLeft, undefined, 'without a limit');
  assert.equal(
    (await foretell({ usedBytes: 50 * mega, mostBytes: 100 * mega }))?.daysLeft,
    undefined,
    'it shrinks',
  );
  assert.equal((await foretell({ usedBytes: 110 * mega, mostBytes: 100 * mega }))?.daysLeft, 0);
  await sample(14, 66 * mega);
  assert.equal((await foretell({ usedBytes: 80 * mega }))?.bytesADay, mega, 'two weeks count');
  assert.equal(await foretell(undefined), undefined);
});

test('a store reports how much it uses and how much space the disk has left', async () => {
  const room = await store.room();
  assert.ok(room && room.usedBytes > 4096 && (room.mostBytes ?? 0) > room.usedBytes, JSON.stringify(room));
});
