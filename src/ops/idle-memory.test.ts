// Memory is returned when the process is idle and has grown, and only then: collecting delays every request.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCollect, createIdleMemory } from './idle-memory.ts';

function idleMemory() {
  const now = { bytes: 60, busy: 0, collected: 0 };
  const look = createIdleMemory({
    collect() {
      now.collected += 1;
      now.bytes = 30;
    },
    heapBytes: () => now.bytes,
    utilization: () => now.busy,
  });
  const looks = (count: number) => {
    for (let n = 0; n < count; n++) look();
    return now.collected;
  };
  return { now, looks };
}

test('after a start, the first idle second returns what only the start needed', () => {
  const { now, looks } = idleMemory();
  now.busy = 0.5;
  assert.equal(looks(5), 0, 'it is still busy');
  now.busy = 0;
  assert.equal(looks(1), 1);
});

test('later it returns memory after ten idle seconds, if there is much more than before', () => {
  const { now, looks } = idleMemory();
  assert.equal(looks(1), 1);
  now.bytes = 44;
  assert.equal(looks(60), 1, 'too little to be worth a pause');
  now.bytes = 45;
  now.busy = 0.3;
  assert.equal(looks(60), 1, 'requests are not delayed');
  now.busy = 0.01;
  assert.equal(looks(9), 1);
  now.busy = 0.02;
  assert.equal(looks(1), 1, 'a busy second starts the count again');
  now.busy = 0.01;
  assert.equal(looks(9), 1);
  assert.equal(looks(1), 2);
  assert.equal(looks(100), 2, 'nothing has grown since');
});

test('V8 gives back the memory of what is no longer used', () => {
  const collect = createCollect();
  let held: object[] | undefined = Array.from({ length: 500_000 }, (_, n) => ({ n }));
  assert.equal(held.length, 500_000);
  const full = process.memoryUsage().heapTotal;
  held = undefined;
  collect();
  const rest = process.memoryUsage().heapTotal;
  assert.ok(full - rest > 15e6, `${full} bytes before, ${rest} after`);
  assert.equal((globalThis as { gc?: unknown }).gc, undefined, 'the function is not left for others');
});
