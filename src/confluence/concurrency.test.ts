import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConcurrencyLimit } from './concurrency.ts';

test('up to the limit at once, half as many after a complaint, then one more at a time', async () => {
  const concurrency = createConcurrencyLimit(4);
  let busy = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++busy);
    await new Promise(setImmediate);
    busy--;
  };
  await Promise.all(Array.from({ length: 20 }, () => concurrency.run(work)));
  assert.equal(most, 4);

  const busiest = async () => {
    most = 0;
    await Promise.all(Array.from({ length: 20 }, () => concurrency.run(work)));
    return most;
  };
  concurrency.slower(Promise.resolve());
  assert.equal(await busiest(), 2);
  for (let i = 0; i < 4; i++) concurrency.slower(Promise.resolve());
  assert.equal(await busiest(), 1);
  for (let i = 0; i < 200; i++) await concurrency.run(work);
  assert.equal(await busiest(), 4);
});

test('nothing starts before a pause is over, even one requested meanwhile; a failure frees its slot', async () => {
  const concurrency = createConcurrencyLimit(1);
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  concurrency.slower(first.promise);
  let began = false;
  const waiting = concurrency.run(async () => {
    began = true;
  });
  concurrency.slower(second.promise);
  first.resolve();
  await new Promise(setImmediate);
  assert.equal(began, false);
  second.resolve();
  await waiting;
  assert.equal(began, true);
  await assert.rejects(concurrency.run(() => Promise.reject(new Error('no'))));
  assert.equal(await concurrency.run(async () => 1), 1);
});
