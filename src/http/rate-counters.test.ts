// The counters of requests: replicas add what they counted in Redis, and go on alone while it is away.
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { eventually } from '../../test/support/eventually.ts';
import { type PrivateRedis, startRedis } from '../../test/support/redis.ts';
import { need } from '../../test/support/requirement.ts';
import { connectRedis } from '../store/redis-client.ts';
import { createRateCounters } from './rate-counters.ts';

const minute = 60_000;

async function begin(t: TestContext): Promise<PrivateRedis> {
  const redis = await startRedis();
  t.after(() => redis.close());
  return redis;
}

/** The counters of one process. */
async function replica(t: TestContext, { url }: PrivateRedis, windowMs = minute) {
  const client = connectRedis(url, () => {});
  t.after(() => client.disconnect());
  await client.ping();
  return { client, counter: createRateCounters(client).immediate('network', windowMs) };
}

const takes = (counter: { take(key: string): number }, times: number) => {
  for (let i = 0; i < times; i++) counter.take('a');
};

suite('counters that replicas share', await need('redis-server'), () => {
  test('what each of two replicas counted adds up', async (t) => {
    const redis = await begin(t);
    const [one, two] = [await replica(t, redis), await replica(t, redis)];
    takes(one.counter, 3);
    assert.equal(one.counter.count('a'), 3);
    const key = 'gatehouse:rate:network:a';
    await eventually('the first replica tells Redis', async () => (await one.client.get(key)) === '3');
    takes(two.counter, 2);
    assert.equal(two.counter.count('a'), 2);
    await eventually('the second replica knows the sum', () => two.counter.count('a') === 5);
    one.counter.take('a');
    await eventually('the first replica knows the sum', () => one.counter.count('a') === 6);
    assert.equal(one.counter.take('a'), 7);
    assert.equal(one.counter.count('b'), 0);
  });

  test('the window in Redis ends when the first one does, and a new one begins with none', async (t) => {
    const redis = await begin(t);
    const [one, two] = [await replica(t, redis, 2_500), await replica(t, redis, 60_000)];
    takes(one.counter, 3);
    await eventually('Redis knows', async () => (await one.client.get('gatehouse:rate:network:a')) === '3');
    two.counter.take('a');
    await eventually('the sum is known', () => two.counter.count('a') === 4);
    await eventually('the window of the first is over', () => one.counter.count('a') === 0);
    await eventually('and that of the second, which is shared', () => two.counter.count('a') === 0);
    assert.equal(one.counter.take('a'), 1);
  });

  test('goes on alone while Redis is away, and adds that later', async (t) => {
    const redis = await begin(t);
    const one = await replica(t, redis);
    await redis.kill();
    takes(one.counter, 3);
    assert.equal(one.counter.count('a'), 3);
    await redis.restart();
    const two = await replica(t, redis);
    await eventually('Redis is told', async () => (await two.client.get('gatehouse:rate:network:a')) === '3');
    assert.equal(one.counter.count('a'), 3);
  });

  test('a reset removes the count here and in Redis', async (t) => {
    const redis = await begin(t);
    const one = await replica(t, redis);
    takes(one.counter, 3);
    const key = 'gatehouse:rate:network:a';
    await eventually('Redis knows', async () => (await one.client.get(key)) === '3');
    takes(one.counter, 1);
    await one.counter.resetKey('a');
    assert.equal(one.counter.count('a'), 0);
    assert.equal(await one.client.exists(key), 0);
    assert.equal(one.counter.take('a'), 1);
  });
});

test('without Redis, one process counts; the same name shares the counts', async () => {
  const counters = createRateCounters(undefined);
  const [one, two] = [counters.immediate('network', minute), counters.immediate('network', minute)];
  takes(one, 2);
  assert.equal(two.count('a'), 2);
  assert.equal(counters.immediate('person', minute).count('a'), 0);
  assert.equal((await two.increment('a')).totalHits, 3);
  await one.decrement('a');
  assert.equal(two.count('a'), 2);
});

test('without Redis, a window ends', async () => {
  const counter = createRateCounters(undefined).immediate('network', 50);
  takes(counter, 2);
  await eventually('nothing is counted any more', () => counter.count('a') === 0);
  assert.equal(counter.take('a'), 1);
});
