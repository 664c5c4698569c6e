// Redis behind Sentinel and as a Cluster: the same store over the other forms of REDIS_URL, on real servers.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { freePort, startChild, waitFor } from '../demo/child.ts';
import type { SessionRow, Store } from '../src/store/contract.ts';
import { createRedisStore } from '../src/store/redis.ts';
import { connectRedis } from '../src/store/redis-client.ts';
import { startRedis } from './support/redis.ts';
import { mustHave, need } from './support/requirement.ts';

const now = Date.now();

function rowOf(i: number): SessionRow {
  return {
    key: `key${i}`,
    handle: `handle${i}`,
    personId: `p${i % 3}`,
    email: `p${i % 3}@example.org`,
    createdAt: now + i,
    lastSeenAt: now + i,
    expiresAt: now + 3_600_000,
    idHash: `hash${i}`,
    idIssuedAt: now,
    data: {},
  };
}

/** What the program does with its store, once around. */
async function useStore(store: Store): Promise<void> {
  for (let i = 0; i < 30; i++) assert.equal(await store.sessions.create(rowOf(i)), true);
  assert.equal(await store.sessions.create(rowOf(3)), false);
  assert.equal((await store.sessions.findByHandle('handle7'))?.key, 'key7');
  assert.equal(await store.sessions.update('key7', { a: 1 }), true);
  assert.equal(await store.sessions.touch('key7', now + 5000), true);
  assert.equal(await store.sessions.end('key8', { at: now, reason: 'revoked' }), true);
  assert.equal((await store.sessions.ofPerson('p2', now)).length, 9);
  const page = await store.sessions.page({ sort: 'seen', limit: 10 });
  assert.equal(page.rows.length, 10);
  assert.equal(page.rows[0]?.key, 'key7');
  assert.equal(await store.sessions.countLive(now), 29);
  await store.visitors.choose('v', { theme: 'dark' }, now, now + 10_000);
  await store.visitors.retire('v', now, now + 10_000);
  assert.deepEqual(await store.visitors.read('v', now), { state: 'retired' });
  assert.equal(await store.claims.claim('c', 'one', now, now + 10_000), 'one');
  await store.notes.write('n', { b: 2 }, now + 10_000);
  assert.deepEqual(await store.notes.read('n', now), { b: 2 });
  await store.ping();
}

async function openStore(t: TestContext, url: string): Promise<Store> {
  const store = createRedisStore(connectRedis(url, () => {}));
  t.after(() => store.close());
  await waitFor('the store', () => store.ping().then(() => true));
  return store;
}

suite('other forms of Redis', await need('redis-server'), () => {
  test('behind Sentinel', async (t) => {
    const redis = await startRedis();
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-sentinel-'));
    const port = await freePort();
    const password = new URL(redis.url).password;
    const file = join(folder, 'sentinel.conf');
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor mymaster 127.0.0.1 ${redis.port} 1`,
      `sentinel auth-pass mymaster ${password}`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    const command = await mustHave('redis-server');
    const sentinel = await startChild({ name: 'sentinel', command, args: [file, '--sentinel'] });
    t.after(async () => {
      await sentinel.kill();
      await redis.close();
      rmSync(folder, { recursive: true, force: true });
    });
    await useStore(await openStore(t, `redis+sentinel://:${password}@127.0.0.1:${port}/mymaster/0`));
  });

  test('as a Cluster of three', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-cluster-'));
    const command = await mustHave('redis-server');
    const ports = await Promise.all([freePort(), freePort(), freePort()]);
    // The second port of each as well: the usual one, 10000 above, could be any program's.
    const buses = await Promise.all([freePort(), freePort(), freePort()]);
    const nodes = await Promise.all(
      ports.map(async (port, i) => {
        const dir = join(folder, String(port));
        mkdirSync(dir);
        const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', ''];
        const args = [...settings, '--cluster-enabled', 'yes', '--cluster-port', String(buses[i])];
        return startChild({ name: `node ${port}`, command, args });
      }),
    );
    t.after(async () => {
      await Promise.all(nodes.map((node) => node.kill()));
      rmSync(folder, { recursive: true, force: true });
    });
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    const places = addresses.map((address, i) => `${address}@${buses[i]}`);
    const create = ['--cluster', 'create', ...places, '--cluster-yes'];
    await waitFor('the cluster', () =>
      promisify(execFile)(command.replace(/server$/, 'cli'), create).then(() => true),
    );
    await useStore(await openStore(t, `redis+cluster://${addresses.join(',')}`));
  });
});
