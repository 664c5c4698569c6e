// The radar on a real Redis, with sessions of the real oauth2-proxy: it sees all of them and disturbs none.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, suite, test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import { readGateCookie } from '../src/gate/cookie-value.ts';
import { createSessionScan, type SessionScan, type SessionScanOptions } from '../src/gate/session-scan.ts';
import { readTicket } from '../src/gate/ticket.ts';
import { createLogger } from '../src/http/log.ts';
import { connectRedis, type RedisClient } from '../src/store/redis-client.ts';
import type { Client } from './support/client.ts';
import { type GateOnly, startGateOnly } from './support/gate-only.ts';
import { need } from './support/requirement.ts';

const cookieName = '_oauth2_proxy';
const expireMs = 604_800_000;
const freshKey = () => `${cookieName}-${randomBytes(16).toString('hex')}`;

suite('radar', await need('oauth2-proxy', 'redis-server'), () => {
  let world: GateOnly;
  let redis: RedisClient;
  const stops: (() => void)[] = [];
  before(async () => {
    world = await startGateOnly({ store: 'redis', refresh: '1s' });
    redis = connectRedis(world.redis?.url ?? '', () => {});
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) stop();
    await redis.config('SET', 'notify-keyspace-events', '');
    await redis.config('SET', 'maxmemory-policy', 'noeviction');
    await redis.flushall();
  });
  after(async () => {
    redis.disconnect();
    await world.close();
  });

  const radarWith = (changed: Partial<SessionScanOptions> = {}) =>
    createSessionScan({
      redis,
      cookieName,
      expireMs,
      now: Date.now,
      logger: createLogger('silent'),
      ...changed,
    });

  async function started(radar: SessionScan, everyMs: number): Promise<SessionScan> {
    stops.push(await radar.start(everyMs));
    return radar;
  }

  const keysOf = (radar: SessionScan) => radar.snapshot().sessions.map(({ key }) => key);

  async function signedIn(): Promise<{ device: Client; key: string }> {
    const device = world.client();
    await device.signIn('ada@example.org');
    const headers = { cookie: `${cookieName}=${device.cookies.get(cookieName)}` };
    const cookie = readGateCookie({ headers }, cookieName);
    const ticket = typeof cookie === 'object' ? readTicket(cookie.payload, cookieName) : undefined;
    assert.ok(ticket);
    return { device, key: ticket.key };
  }

  test('sees every session with its last use, its last refresh and its end', async () => {
    const { device, key } = await signedIn();
    const radar = radarWith();
    assert.equal(radar.snapshot().sweptAt, undefined);
    assert.equal(await radar.step(), true);
    const { total, sessions } = radar.snapshot();
    assert.deepEqual([total, sessions.map((session) => session.key)], [1, [key]]);
    const near = (at: number | undefined, expected: number) => Math.abs((at ?? 0) - expected) < 3000;
    const [seen] = sessions;
    assert.ok(near(seen?.lastUsedAt, Date.now()));
    assert.ok(near(seen?.savedAt, Date.now()));
    assert.ok(near(seen?.expiresAt, Date.now() + expireMs));

    const refreshes = world.google.refreshCount();
    await waitFor('a refresh', async () => {
      await device.ask('/dashboard');
      return world.google.refreshCount() > refreshes;
    });
    await radar.step();
    assert.ok((radar.snapshot().sessions[0]?.savedAt ?? 0) > (seen?.savedAt ?? 0) + 500);
  });

  test('reading does not change what is read', async () => {
    const { key } = await signedIn();
    const idle = async () => Number(await redis.object('IDLETIME', key));
    await waitFor('idle time', async () => (await idle()) >= 2);
    const radar = await started(radarWith(), 3_600_000);
    for (let sweep = 0; sweep < 5; sweep++) await radar.step();
    assert.ok((await idle()) >= 2);
    const lastUsedAt = radar.snapshot().sessions[0]?.lastUsedAt ?? Date.now();
    assert.ok(Date.now() - lastUsedAt >= 2000);
    await redis.get(key);
    assert.equal(await idle(), 0, 'and a GET would have');
  });

  test('ignores everything else in the same Redis: locks, health checks, other apps', async () => {
    const key = freshKey();
    const others = [
      `${key}.lock`,
      `${cookieName}-healthcheck-abc`,
      `${cookieName}-${'A'.repeat(32)}`,
      `${cookieName}-${'a'.repeat(33)}`,
      `x${key}`,
      'gatehouse:session:x',
    ];
    for (const name of [key, ...others]) await redis.set(name, 'x', 'EX', 100);
    const radar = radarWith();
    await radar.step();
    assert.deepEqual(keysOf(radar), [key]);
  });

  test('a lifetime that is not the gate’s own says nothing about the last refresh', async () => {
    const [forEver, longer] = [freshKey(), freshKey()];
    await redis.set(forEver, 'x');
    await redis.set(longer, 'x', 'PX', expireMs * 2);
    const radar = radarWith();
    await radar.step();
    for (const { savedAt } of radar.snapshot().sessions) assert.equal(savedAt, undefined);
    assert.equal(radar.snapshot().sessions.find(({ key }) => key === forEver)?.expiresAt, undefined);
  });

  test('under an LFU policy the last use is unknown, and all else is there', async () => {
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lfu');
    const { key } = await signedIn();
    const radar = radarWith();
    await radar.step();
    const [seen] = radar.snapshot().sessions;
    assert.equal(seen?.key, key);
    assert.equal(seen.lastUsedAt, undefined);
    assert.ok(seen.savedAt !== undefined);
  });

  test('sweeps in steps, counts what exceeds its table, and forgets what is gone', async () => {
    const all = Array.from({ length: 3000 }, freshKey);
    const pipeline = (redis as Exclude<RedisClient, { nodes: unknown }>).pipeline();
    for (const key of all) pipeline.set(key, 'x', 'PX', 100_000);
    await pipeline.exec();
    const radar = radarWith({ pagesPerStep: 1 });
    const small = radarWith({ limit: 100 });
    let steps = 1;
    while (!(await radar.step())) steps++;
    assert.ok(steps > 3, `${steps} steps`);
    assert.deepEqual(keysOf(radar).sort(), [...all].sort());
    while (!(await small.step()));
    assert.equal(small.snapshot().sessions.length, 100);
    assert.ok(small.snapshot().total >= 3000);
    await redis.del(...all.slice(0, 2900));
    while (!(await radar.step()));
    assert.deepEqual(keysOf(radar).sort(), all.slice(2900).sort());
    assert.equal(radar.snapshot().total, 100);
  });

  test('follows key events where Redis publishes them', async () => {
    await redis.config('SET', 'notify-keyspace-events', 'Kg$x');
    const radar = await started(radarWith(), 3_600_000);
    assert.equal(await redis.call('PUBSUB', 'NUMPAT'), 1);
    const { key } = await signedIn();
    await waitFor('the new session', () => keysOf(radar).includes(key));
    await redis.del(key);
    await waitFor('its end', () => radar.snapshot().total === 0);
    const brief = freshKey();
    await redis.set(brief, 'x', 'PX', 150);
    await waitFor('a brief one', () => keysOf(radar).includes(brief));
    await waitFor('its expiry', () => radar.snapshot().total === 0);
    assert.equal(
      String(await redis.config('GET', 'notify-keyspace-events')).includes('K'),
      true,
      'as it was',
    );
  });

  for (const flags of ['', 'Ex', 'Kx', 'Kg']) {
    test(`only scans where Redis publishes too few events (${flags || 'none'})`, async () => {
      await redis.config('SET', 'notify-keyspace-events', flags);
      const radar = await started(radarWith(), 20);
      assert.equal(await redis.call('PUBSUB', 'NUMPAT'), 0);
      const { key } = await signedIn();
      await waitFor('the new session', () => keysOf(radar).includes(key));
      await redis.del(key);
      await waitFor('its end', () => radar.snapshot().total === 0);
    });
  }

  test('only scans where CONFIG is forbidden', async () => {
    await redis.call('ACL', 'SETUSER', 'narrow', 'on', '>pw', '~*', '&*', '+@all', '-config');
    const narrow = connectRedis(`redis://narrow:pw@127.0.0.1:${world.redis?.port}/0`, () => {});
    try {
      const radar = await started(radarWith({ redis: narrow }), 20);
      assert.equal(await redis.call('PUBSUB', 'NUMPAT'), 0);
      const { key } = await signedIn();
      await waitFor('the new session', () => keysOf(radar).includes(key));
    } finally {
      for (const stop of stops.splice(0)) stop();
      narrow.disconnect();
    }
  });

  test('reports an outage, and continues afterwards', async () => {
    const radar = await started(radarWith(), 20);
    await world.redis?.kill();
    await waitFor('the fault', () => radar.snapshot().faultAt !== undefined);
    await world.redis?.restart();
    await waitFor('the end of it', () => radar.snapshot().faultAt === undefined);
    const { key } = await signedIn();
    await waitFor('a new session', () => keysOf(radar).includes(key));
  });
});
