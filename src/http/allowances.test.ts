// How much one person or network may make the store keep.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Request, Response } from 'express';
import type { Store } from 'express-rate-limit';
import { type AllowanceName, allowances, createAllowances, limitCopies } from './allowances.ts';
import { createRateCounters, type ImmediateCounters } from './rate-counters.ts';

const names: AllowanceName[] = ['changes', ...(Object.keys(allowances) as (keyof typeof allowances)[])];
const most = { network: 1200, person: 600, changes: 60, guard: 6_000, 'guard-codes': 600 };
const enabled = () => createAllowances({ enabled: true, most, counters: createRateCounters(undefined) });

async function useUp(allow: ReturnType<typeof enabled>, name: AllowanceName, key: string): Promise<void> {
  while (await allow.hasRoom(name, key)) assert.equal(await allow.take(name, key), true);
}

test('as many as the allowance permits, for each key separately; looking uses nothing up', async () => {
  const allow = enabled();
  for (let taken = 0; taken < allowances.copies.most; taken++) {
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
  const noting = <S extends Store>(name: string, store: S): S => ({
    ...store,
    resetKey: (key: string) => {
      asked.push(`${name} ${key}`);
      return store.resetKey(key);
    },
  });
  const allow = createAllowances({
    enabled: true,
    most,
    counters: {
      exact: (name, windowMs) => noting(name, counters.exact(name, windowMs)),
      immediate: (name, windowMs) => noting(name, counters.immediate(name, windowMs)),
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
  let counted = 0;
  const counters = createRateCounters(undefined);
  const counting = (name: string, windowMs: number) => {
    counted++;
    return counters.immediate(name, windowMs);
  };
  const off = createAllowances({
    enabled: false,
    most,
    counters: { exact: counting, immediate: counting },
  });
  assert.equal(await off.take('copies', 'ada'), true);
  await off.forget(['ada']);
  assert.equal(counted, 0);
  const down = () => Promise.reject(new Error('away'));
  const away = { init() {}, get: down, increment: down, resetKey: down } as unknown as ImmediateCounters;
  const allow = createAllowances({
    enabled: true,
    most,
    counters: { exact: () => away, immediate: () => away },
  });
  assert.equal(await allow.hasRoom('copies', 'ada'), true);
  assert.equal(await allow.take('copies', 'ada'), true);
  await assert.rejects(allow.forget(['ada']), /away/);
});

test('an allowance lasts as long as it says, also where a person was forgotten before anything was counted', async () => {
  const allow = enabled();
  await allow.forget(['grace']);
  await allow.take('sign-ins', 'ada');
  const waitS = await allow.waitS('sign-ins', 'ada');
  assert.ok(waitS > 3_500, String(waitS));
});

test('copies beyond the allowance are refused with the time to wait, and each key has its own', async () => {
  const limit = limitCopies(enabled(), (req) => req.ip ?? '');
  const copy = async (id: string) => {
    let status = 200;
    const headers: Record<string, unknown> = {};
    const res = {
      status: (code: number) => {
        status = code;
      },
      setHeader: (name: string, value: unknown) => Object.assign(headers, { [name]: value }),
      json: () => {},
    };
    let passed = false;
    await limit({ ip: id, path: '/api/export' } as unknown as Request, res as unknown as Response, () => {
      passed = true;
    });
    return { passed, status, waitS: Number(headers['Retry-After']) };
  };
  for (let taken = 0; taken < allowances.copies.most; taken++) assert.equal((await copy('ada')).passed, true);
  const refused = await copy('ada');
  assert.deepEqual([refused.passed, refused.status], [false, 429]);
  assert.ok(refused.waitS > 3_500 && refused.waitS <= 3_600, String(refused.waitS));
  assert.equal((await copy('grace')).passed, true);
});
