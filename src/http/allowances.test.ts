// How much one person or network may make the store keep.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from 'express-rate-limit';
import { type AllowanceName, allowances, createAllowances } from './allowances.ts';
import { createRateCounters } from './rate-counters.ts';

const names = Object.keys(allowances) as AllowanceName[];
const enabled = () => createAllowances({ enabled: true, counters: createRateCounters(undefined) });

async function useUp(allow: ReturnType<typeof enabled>, name: AllowanceName, key: string): Promise<void> {
  while (await allow.hasRoom(name, key)) assert.equal(await allow.take(name, key), true);
}

test('as many as the allowance permits, for each key separately; looking uses nothing up', async () => {
  const allow = enabled();
  const { most } = allowances.copies;
  for (let taken = 0; taken < most; taken++) {
    assert.equal(await allow.hasRoom('copies', 'ada'), true);
    assert.equal(await allow.take('copies', 'ada'), true);
  }
  assert.equal(await allow.hasRoom('copies', 'ada'), false);
  assert.equal(await allow.take('copies', 'ada'), false);
  assert.equal(await allow.take('copies', 'grace'), true);
  assert.equal(await allow.take('moves', 'ada'), true);
  const waitS = await allow.waitS('copies', 'ada');
  assert.ok(waitS > 3_500 && waitS <= 3_600, String(waitS));
  assert.equal(await allow.waitS('copies', 'nobody'), 1);
});

test('forgetting a person removes all counts under their id, and nobody else’s', async () => {
  const asked: string[] = [];
  const counters = createRateCounters(undefined);
  const allow = createAllowances({
    enabled: true,
    counters: (name, windowMs) => {
      const store = counters(name, windowMs);
      return Object.assign(Object.create(store), {
        resetKey: (key: string) => {
          asked.push(`${name} ${key}`);
          return store.resetKey(key);
        },
      }) as Store;
    },
  });
  for (const name of names) for (const key of ['ada', 'grace']) await useUp(allow, name, key);
  await allow.forget(['ada']);
  const full = (key: string) =>
    Promise.all(names.map(async (name) => ((await allow.hasRoom(name, key)) ? [] : [name]))).then((all) =>
      all.flat(),
    );
  // Those two are counted by browser and by network.
  assert.deepEqual(await full('ada'), ['browser-sign-ins', 'visitors']);
  assert.deepEqual(await full('grace'), names);
  assert.ok(asked.includes('person ada'), 'and the limit a minute');
});

test('switched off, or without an answer from the counters, requests are allowed: the store itself refuses later', async () => {
  const off = createAllowances({ enabled: false, counters: () => assert.fail('nothing is counted') });
  assert.equal(await off.take('copies', 'ada'), true);
  await off.forget(['ada']);
  const down = () => Promise.reject(new Error('away'));
  const away = { init() {}, get: down, increment: down, resetKey: down } as unknown as Store;
  const allow = createAllowances({ enabled: true, counters: () => away });
  assert.equal(await allow.hasRoom('copies', 'ada'), true);
  assert.equal(await allow.take('copies', 'ada'), true);
  await assert.rejects(allow.forget(['ada']), /away/);
});
