// Thousands of changed requests, by a fixed seed: the fast lane answers exactly as the ordinary handlers do, or leaves the request to them.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { storeKinds } from './support/desk.ts';
import { needsOf } from './support/hostile.ts';
import { fuzzLane } from './support/lane-fuzz.ts';

for (const store of storeKinds) {
  suite(`changed requests on ${store}`, await needsOf(store), () => {
    for (const [binding, count] of [
      ['off', 1_200],
      ['observe', 300],
    ] as const) {
      test(`get the same answer both ways, with binding ${binding}`, async () => {
        const result = await fuzzLane({ store, binding, count, seed: 12 });
        assert.deepEqual(result.differences, []);
        assert.deepEqual(result.failures, []);
        assert.equal(result.sent, count);
        assert.ok(result.fast > count / 20, `only ${result.fast} were answered by the fast lane`);
        assert.ok(result.fast < count / 2, `${result.fast} of ${count} were hardly changed`);
        assert.ok(result.grownBytes < 30_000_000, `the heap grew by ${result.grownBytes} bytes`);
      });
    }
  });
}
