// Reads of many keys: one MGET where that is possible, otherwise GETs, always in the order asked for.
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { freePort, waitFor } from '../../demo/child.ts';
import { startRedis } from '../../test/support/redis.ts';
import { need } from '../../test/support/requirement.ts';
import { connectRedis, type RedisClient } from './redis-client.ts';
import { readBuffers, readTexts } from './redis-many.ts';

const keys = ['one', 'none', 'two', 'three'];
const bytes = Buffer.from([0xff, 0x00, 0x80]);

function clientOf(t: TestContext, url: string): RedisClient {
  const client = connectRedis(url, () => {});
  t.after(() => client.disconnect());
  return client;
}

async function fill(client: RedisClient): Promise<void> {
  await Promise.all([client.set('one', '1'), client.set('two', '2'), client.set('three', bytes)]);
}

async function assertReads(client: RedisClient): Promise<void> {
  assert.deepEqual((await readTexts(client, keys)).slice(0, 3), ['1', null, '2']);
  assert.deepEqual(await readBuffers(client, keys), [Buffer.from('1'), null, Buffer.from('2'), bytes]);
  assert.deepEqual(await readTexts(client, ['two']), ['2']);
  assert.deepEqual(await readTexts(client, ['two', 'two']), ['2', '2']);
  assert.deepEqual(await readTexts(client, []), []);
}

/** How often a command was called, and how often it was refused. */
async function callsOf(admin: RedisClient, command: string): Promise<readonly number[]> {
  const stats = await admin.info('commandstats');
  const line = new RegExp(`cmdstat_${command}:calls=(\\d+),.*rejected_calls=(\\d+)`).exec(stats);
  return [Number(line?.[1] ?? 0), Number(line?.[2] ?? 0)];
}

suite('many keys of Redis', await need('redis-server'), () => {
  test('are read by one MGET, and a single one by GET', async (t) => {
    const redis = await startRedis();
    t.after(() => redis.close());
    const client = clientOf(t, redis.url);
    await fill(client);
    await assertReads(client);
    assert.deepEqual(await callsOf(client, 'mget'), [3, 0]);
    assert.deepEqual(await callsOf(client, 'get'), [1, 0]);
  });

  test('are read by GETs for a user without the right to MGET, which is tried once', async (t) => {
    const redis = await startRedis();
    t.after(() => redis.close());
    const admin = clientOf(t, redis.url);
    await fill(admin);
    await admin.call('ACL', 'SETUSER', 'reader', 'on', '>reader-password', '~*', '+@all', '-mget');
    const client = clientOf(t, `redis://reader:reader-password@127.0.0.1:${redis.port}/0`);
    await assertReads(client);
    const [calls, refused] = await callsOf(admin, 'mget');
    assert.deepEqual([calls, refused], [0, 1]);
  });

  test('another error of MGET is not hidden', async (t) => {
    const redis = await startRedis();
    t.after(() => redis.close());
    const admin = clientOf(t, redis.url);
    await admin.call('ACL', 'SETUSER', 'reader', 'on', '>reader-password', '~*', '+@all');
    const client = clientOf(t, `redis://reader:reader-password@127.0.0.1:${redis.port}/0`);
    await client.ping();
    t.mock.method(client, 'mget', () => Promise.reject(new Error('LOADING')));
    await assert.rejects(readTexts(client, keys), /LOADING/);
  });

  test('are read by GETs on a Cluster, where they are in different slots', async (t) => {
    const redis = await startRedis([
      'cluster-enabled yes',
      `cluster-port ${await freePort()}`,
      'cluster-announce-ip 127.0.0.1',
    ]);
    t.after(() => redis.close());
    const admin = clientOf(t, redis.url);
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await waitFor('the cluster', async () =>
      String(await admin.call('CLUSTER', 'INFO')).includes('state:ok'),
    );
    const { password } = new URL(redis.url);
    const client = clientOf(t, `redis+cluster://:${password}@127.0.0.1:${redis.port}`);
    await fill(client);
    await assert.rejects(admin.mget(keys), /CROSSSLOT/);
    await assertReads(client);
  });
});
