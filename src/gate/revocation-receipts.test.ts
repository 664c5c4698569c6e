// The checks that follow a revocation: when they happen, how each outcome changes the receipt, and the effect of a failure.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { openSqliteStore } from '../store/sqlite.ts';
import { createRevocationReceipts, type Deletion, type ReceiptOptions } from './revocation-receipts.ts';

const start = 1_750_000_000_000;
const keepMs = 3_600_000;

/** Receipts in a real store. `found` decides what `remove` finds; a wait lasts until the test ends it. */
function setUp(t: TestContext, changed: Partial<ReceiptOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-receipts-'));
  const store = openSqliteStore(folder);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const clock = { now: start };
  const found: Deletion[] = [];
  const removed: string[] = [];
  const waits: { readonly ms: number; readonly end: () => void }[] = [];
  const faults: unknown[] = [];
  const options: ReceiptOptions = {
    notes: store.notes,
    claims: store.claims,
    now: () => clock.now,
    wait: (ms) => new Promise<void>((end) => waits.push({ ms, end })),
    keepMs,
    remove: async (key) => {
      removed.push(key);
      return found.shift() ?? 'was gone';
    },
    onFault: (error) => faults.push(error),
    ...changed,
  };
  const receipts = createRevocationReceipts(options);
  const begin = (gate: 'ended' | 'unreachable' = 'ended') =>
    receipts.begin('h', { endedAt: start, gate }, 'the key');
  const at = async (ms: number) => {
    clock.now = start + ms;
    return receipts.of('h');
  };
  return { receipts, options, begin, at, clock, found, removed, waits, faults };
}

test('an ending is looked at after 3 and 10 seconds, and verified if the last look finds nothing', async (t) => {
  const { begin, at, removed } = setUp(t);
  assert.deepEqual(await begin(), { endedAt: start, gate: 'ended', writtenBack: 0 });
  await at(2_999);
  assert.deepEqual(removed, []);
  assert.equal((await at(3_000))?.verifiedAt, undefined);
  assert.deepEqual(removed, ['the key']);
  await at(9_999);
  assert.equal(removed.length, 1);
  assert.deepEqual(await at(10_000), {
    endedAt: start,
    gate: 'ended',
    writtenBack: 0,
    verifiedAt: start + 10_000,
  });
  await at(60_000);
  assert.equal(removed.length, 2, 'what is verified is not looked at again');
});

test('what a refresh wrote back is counted, and looked at until it is gone', async (t) => {
  const { begin, at, found } = setUp(t);
  await begin();
  found.push('deleted', 'deleted', 'was gone');
  assert.equal((await at(3_000))?.writtenBack, 1);
  assert.deepEqual(await at(10_000), { endedAt: start, gate: 'ended', writtenBack: 2 });
  assert.equal((await at(19_999))?.verifiedAt, undefined);
  assert.equal((await at(20_000))?.verifiedAt, start + 20_000);
});

test('a session not reached at its ending: the first deletion counts as the ending, and none means nothing to end', async (t) => {
  const late = setUp(t);
  await late.begin('unreachable');
  late.found.push('unreachable', 'deleted');
  assert.equal((await late.at(3_000))?.gate, 'unreachable');
  const ended = await late.at(10_000);
  assert.deepEqual([ended?.gate, ended?.writtenBack], ['ended', 0]);

  const gone = setUp(t);
  await gone.begin('unreachable');
  assert.equal((await gone.at(3_000))?.gate, 'nothing to end');
});

test('once a new sign-in takes over a ticket, it is left alone', async (t) => {
  const { begin, at, found, removed } = setUp(t);
  await begin();
  found.push('taken');
  assert.equal((await at(3_000))?.verifiedAt, start + 3_000);
  await at(60_000);
  assert.equal(removed.length, 1);
});

test('only one of several replicas makes a look, but each may if no claim can be taken', async (t) => {
  const { options, begin, at, removed } = setUp(t);
  await begin();
  await options.claims.claim('gate:look:h:0', 'another replica', start + 2_000, start + 7_000);
  assert.equal((await at(3_000))?.verifiedAt, undefined);
  assert.deepEqual(removed, []);
  await at(7_000);
  assert.equal(removed.length, 1, 'the other one is silent');

  const full = setUp(t, {
    claims: { claim: () => Promise.reject(new Error('full')), release: async () => {} },
  });
  await full.begin();
  await full.at(3_000);
  assert.equal(full.removed.length, 1);
});

test('a receipt that cannot be written does not prevent the ending', async (t) => {
  const { options } = setUp(t);
  const faults: unknown[] = [];
  const fault = new Error('full');
  const receipts = createRevocationReceipts({
    ...options,
    notes: { ...options.notes, writeEnding: () => Promise.reject(fault) },
    onFault: (error) => faults.push(error),
  });
  assert.equal((await receipts.begin('h', { endedAt: start, gate: 'ended' }, 'the key')).gate, 'ended');
  assert.deepEqual(faults, [fault]);
});

test('a receipt is kept for as long as a gate session could live', async (t) => {
  const { receipts, clock } = setUp(t);
  await receipts.begin('h', { endedAt: start, gate: 'unknown' });
  clock.now = start + keepMs - 1;
  assert.equal((await receipts.of('h'))?.gate, 'unknown');
  clock.now = start + keepMs;
  assert.equal(await receipts.of('h'), undefined);
});

test('an ending is followed once, however often its receipt is read, and an outage is not polled constantly', async (t) => {
  const { begin, at, clock, waits, faults } = setUp(t, {
    remove: () => Promise.reject(new Error('away')),
  });
  await begin();
  await at(1_000);
  await at(2_000);
  await turn();
  assert.deepEqual(
    waits.map(({ ms }) => ms),
    [3_000],
  );
  clock.now = start + 3_000;
  waits[0]?.end();
  for (let turns = 0; turns < 50 && waits.length < 2; turns++) await turn();
  assert.equal(faults.length, 1);
  assert.equal(waits[1]?.ms, 5_000);
});
