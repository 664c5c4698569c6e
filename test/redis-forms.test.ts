// Redis behind Sentinel and as a Cluster: the same store through the other forms of REDIS_URL, on real servers.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { freePort, startChild, waitFor } from '../demo/child.ts';
import { lookAtRedis } from '../src/doctor/look/redis.ts';
import type { Store } from '../src/store/contract.ts';
import type { SessionRow } from '../src/store/contract-sessions.ts';
import { faultOf } from '../src/store/fault.ts';
import { fillRedis } from '../src/store/fill-redis.ts';
import { createRedisStore } from '../src/store/redis.ts';
import { connectRedis } from '../src/store/redis-client.ts';
import { reasonOf } from '../src/store/redis-guard.ts';
import { clearRedis, rowsOfRedis } from '../src/store/redis-rows.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { loadRows } from '../src/store/stored-rows.ts';
import { startRedis } from './support/redis.ts';
import { mustHave, need } from './support/requirement.ts';
import { startSentinel } from './support/sentinel.ts';

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

/** Uses every part of the store that the program uses. */
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

/** What scripts read from several keys of one slot. */
async function useRecord({ aliases, record }: Store): Promise<void> {
  const row = { alias: 'alias', key: 'key', subject: '1', email: 'ada@example.org' };
  await aliases.add(row);
  assert.deepEqual(await aliases.bySubject('1'), row);
  assert.equal(await aliases.bySubject('2'), undefined);
  assert.deepEqual(await aliases.byEmail('ada@example.org'), [row]);
  const entry = (seq: number) => ({
    seq,
    text: `{"event":"session.created","seq":${seq},"who":"alias"}`,
    prev: Buffer.alloc(32, seq).toString('base64url'),
    mac: Buffer.alloc(32, 200 + seq).toString('base64url'),
  });
  const rows = [1, 2, 3].map(entry);
  await record.append(() => ({ rows, head: 'head' }));
  const end = Number.POSITIVE_INFINITY;
  assert.deepEqual(await record.before(end, 10, ['who', 'alias']), rows.toReversed());
  assert.deepEqual(await record.before(3, 1, ['event', 'session.created']), [rows[1]]);
  assert.deepEqual(await record.before(end, 10, ['who', 'nobody']), []);
}

/** Copies the store to a file and back, as a backup and a restore do. */
async function copyThereAndBack(t: TestContext, url: string, store: Store): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-forms-'));
  const redis = connectRedis(url, () => {});
  t.after(() => {
    redis.disconnect();
    rmSync(folder, { recursive: true, force: true });
  });
  const place = { redis, prefix: 'gatehouse:' };
  const file = openSqliteStore(folder, { durable: false });
  await loadRows(file, rowsOfRedis(place));
  const count = await file.sessions.countLive(now);
  await file.close();
  assert.equal(count, 29);
  await clearRedis(place);
  assert.equal(await store.sessions.countLive(now), 0);
  await fillRedis(folder, undefined, place);
  assert.equal(await store.sessions.countLive(now), 29);
  assert.equal((await store.sessions.findByHandle('handle8'))?.ended?.reason, 'revoked');
  assert.deepEqual(await store.notes.read('n', now), { b: 2 });
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
    const sentinel = await startSentinel(redis);
    t.after(async () => {
      await sentinel.close();
      await redis.close();
    });
    const sentinels = sentinel.url;
    const store = await openStore(t, `${sentinels}/mymaster/0`);
    await useStore(store);
    await copyThereAndBack(t, `${sentinels}/mymaster/0`, store);
    // Errors of the server behind Sentinel, and names that Sentinel does not know, are reported as they are.
    for (const [rest, code, command] of [
      ['/mymaster/99', 'ERR', 'SELECT'],
      ['/nobody/0', 'SENTINEL', undefined],
    ] as const) {
      const client = connectRedis(`${sentinels}${rest}`, () => {});
      t.after(() => client.disconnect());
      await assert.rejects(client.get('a'));
      const fault = faultOf(reasonOf(client));
      assert.deepEqual([fault?.code, fault?.command], [code, command], rest);
    }
    const admin = connectRedis(redis.url, () => {});
    assert.equal(await admin.exists('a'), 0);
    admin.disconnect();
  });

  test('as a Cluster of three', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-cluster-'));
    const command = await mustHave('redis-server');
    const ports = await Promise.all([freePort(), freePort(), freePort()]);
    // A bus port for each as well: the default, 10000 above, could be in use by any program.
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
    const url = `redis+cluster://${addresses.join(',')}`;
    const store = await openStore(t, url);
    await useStore(store);
    await useRecord(store);
    // A node that is addressed as a single server redirects the client to another one.
    const single = createRedisStore(connectRedis(`redis://${addresses[0]}`, () => {}));
    t.after(() => single.close());
    const reads = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => single.visitors.read(`v${i}`, now)),
    );
    const codes = reads.flatMap((read) => (read.status === 'rejected' ? [faultOf(read.reason)?.code] : []));
    assert.deepEqual([...new Set(codes)], ['MOVED']);
    // The check-up tests what the app uses, with the right URL and with the wrong one.
    const look = (from: string) =>
      lookAtRedis({ setting: 'REDIS_URL', url: from, prefix: 'a:', mustEnd: [] }, Date.now);
    const facts = await look(url);
    assert.deepEqual([facts.unreachable, facts.refused, facts.mode], [undefined, undefined, 'cluster']);
    assert.match(String((await look(`redis://${addresses[0]}`)).refused ?? 'MOVED'), /MOVED|CROSSSLOT/);

    // A user that lacks a permission on each node: the cluster's client is refused like the others.
    for (const address of addresses) {
      const node = connectRedis(`redis://${address}`, () => {});
      await node.call('ACL', 'SETUSER', 'few', 'on', '>pw', '~*', '+@all', '-set');
      node.disconnect();
    }
    const few = createRedisStore(connectRedis(url.replace('//', '//few:pw@'), () => {}));
    t.after(() => few.close());
    await assert.rejects(few.notes.write('n', 1, now + 10_000), (error) => faultOf(error)?.code === 'NOPERM');
    const wrong = connectRedis(url.replace('//', '//few:no@'), () => {});
    t.after(() => wrong.disconnect());
    await assert.rejects(wrong.get('a'));
    assert.equal(faultOf(reasonOf(wrong))?.code, 'WRONGPASS');
  });
});
