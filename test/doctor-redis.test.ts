// The check-up against a real Redis: well configured, without a password, without persistence, full, with keys that never expire.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { Redis } from 'ioredis';
import { waitFor } from '../demo/child.ts';
import { checkUp } from '../src/doctor/check-up.ts';
import { clockChecks } from '../src/doctor/checks/clocks.ts';
import { redisChecks } from '../src/doctor/checks/redis.ts';
import type { RedisFact } from '../src/doctor/deployment.ts';
import { lookAtRedis } from '../src/doctor/look/redis.ts';
import { deploymentWith } from './support/deployment.ts';
import { startRedis } from './support/redis.ts';
import { need } from './support/requirement.ts';

const mustEnd = [
  { kind: 'session', pattern: 'gatehouse:session:*' },
  { kind: 'ticket', pattern: '__Host-_oauth2_proxy-*' },
];
const table = [...redisChecks, ...clockChecks.filter(({ id }) => id === 'clock.redis')];
const found = (fact: RedisFact) =>
  checkUp({ ...deploymentWith({}), redis: { found: [fact] } }, 'high', table).findings.map(({ id }) => id);

suite('the check-up of Redis', await need('redis-server'), () => {
  test('each fault is found alone, and nothing once it is fixed', async () => {
    const redis = await startRedis();
    const admin = new Redis(redis.url);
    try {
      const look = (now = Date.now) => lookAtRedis({ setting: 'REDIS_URL', url: redis.url, mustEnd }, now);
      assert.deepEqual(found(await look()), ['redis.persistence'], 'test Redis keeps nothing');

      await admin.config('SET', 'appendonly', 'yes');
      const good = await look();
      assert.deepEqual(found(good), []);
      assert.equal(good.isOpen, false);
      assert.ok(Math.abs(good.clockAheadMs ?? 9999) < 2000);

      await admin.config('SET', 'maxmemory', '900mb', 'maxmemory-policy', 'allkeys-lru');
      assert.deepEqual(found(await look()), ['redis.eviction']);
      await admin.config('SET', 'maxmemory-policy', 'noeviction');

      const used = Number(/^used_memory:(\d+)/m.exec(await admin.info('memory'))?.[1]);
      await admin.config('SET', 'maxmemory', String(Math.round(used * 1.1)));
      assert.deepEqual(found(await look()), ['redis.memory']);
      await admin.config('SET', 'maxmemory', '0');

      await admin.set('gatehouse:session:a', 'x');
      await admin.set('gatehouse:session:b', 'x', 'EX', 60);
      await admin.set('__Host-_oauth2_proxy-0123', 'x');
      await admin.set('gatehouse:person:1', 'may stay');
      const endless = await look();
      assert.deepEqual(endless.withoutExpiry, [
        { kind: 'session', count: 1 },
        { kind: 'ticket', count: 1 },
      ]);
      assert.deepEqual(found(endless), ['redis.no-expiry']);
      await admin.del('gatehouse:session:a', '__Host-_oauth2_proxy-0123');

      assert.deepEqual(found(await look(() => Date.now() + 60_000)), ['clock.redis']);

      await admin.replicaof('127.0.0.1', '1');
      assert.deepEqual(found(await look()), ['redis.writable'], 'a replica takes no changes');
      await admin.replicaof('NO', 'ONE');

      // A folder in place of its snapshot file: from then on Redis answers every change with MISCONF.
      await admin.config('SET', 'appendonly', 'no', 'save', '3600 1');
      const snapshot = join((await admin.config('GET', 'dir'))[1] ?? '', 'dump.rdb');
      const save = async (status: 'ok' | 'err') => {
        await admin.bgsave();
        await waitFor('the snapshot', async () =>
          (await admin.info('persistence')).includes(`rdb_last_bgsave_status:${status}`),
        );
      };
      rmSync(snapshot, { force: true });
      mkdirSync(snapshot);
      await save('err');
      await assert.rejects(admin.set('x', '1'), /MISCONF/);
      assert.deepEqual(found(await look()), ['redis.writable']);
      await admin.config('SET', 'stop-writes-on-bgsave-error', 'no');
      assert.deepEqual(found(await look()), [], 'told to go on all the same');
      rmSync(snapshot, { recursive: true });
      await save('ok');

      await admin.config('SET', 'requirepass', '');
      assert.deepEqual(found(await look()), ['redis.password']);

      await redis.kill();
      const gone = await look();
      assert.equal(gone.unreachable, 'ECONNREFUSED');
      assert.deepEqual(found(gone), ['redis.reachable']);
      assert.ok(!JSON.stringify(gone).includes(new URL(redis.url).password));
    } finally {
      admin.disconnect();
      await redis.close();
    }
  });
});
