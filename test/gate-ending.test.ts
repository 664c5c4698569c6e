// Revocation at the gate, with the real oauth2-proxy and its sessions in Redis: ended for every app, and detected if written back.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import { accounts } from '../demo/google.ts';
import { createGovernor } from '../src/gate/governor.ts';
import { createRedisRevocation } from '../src/gate/redis-revocation.ts';
import type { GateLink } from '../src/gate/revocation.ts';
import { createSessionOwners } from '../src/gate/session-owners.ts';
import { createSessionScan } from '../src/gate/session-scan.ts';
import { createLogger } from '../src/http/log.ts';
import { type Store, StoreUnavailable } from '../src/store/contract.ts';
import { connectRedis, type RedisClient } from '../src/store/redis-client.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import type { Client } from './support/client.ts';
import { eventually } from './support/eventually.ts';
import { type GateOnly, startGateOnly } from './support/gate-only.ts';
import { keepEvents } from './support/recorder.ts';
import { need } from './support/requirement.ts';

const cookieName = '_oauth2_proxy';
const expireMs = 604_800_000;
const [ada, grace] = accounts.map(({ sub, email }) => ({ id: sub, email }));
assert.ok(ada && grace);

suite('ending at the gate, sessions in Redis', await need('oauth2-proxy', 'redis-server'), () => {
  let world: GateOnly;
  let redis: RedisClient;
  let store: Store;
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-ending-'));
  before(async () => {
    world = await startGateOnly({ store: 'redis', refresh: '1s' });
    redis = connectRedis(world.redis?.url ?? '', () => {});
    store = openSqliteStore(folder);
  });
  after(async () => {
    redis.disconnect();
    await store.close();
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** One replica with a clock that the test advances: a wait ends as soon as the clock reaches its instant. */
  function replica(clock = createClock()) {
    const gate = createRedisRevocation({
      redis,
      cookieName,
      expireMs,
      notes: store.notes,
      claims: store.claims,
      now: clock.now,
      wait: clock.wait,
      logger: createLogger('silent'),
      recorder: keepEvents(),
    });
    return { gate, clock };
  }

  const requestOf = (device: Client, changed: Record<string, string> = {}) =>
    ({
      headers: {
        cookie: [...device.cookies].map(([name, value]) => `${name}=${changed[name] ?? value}`).join('; '),
      },
    }) as IncomingMessage;

  /** A device that is signed in, its gate link, and the verdict on its next request. */
  async function signedIn(person = ada, { gate } = replica()) {
    const device = world.client();
    assert.equal((await device.signIn(person?.email ?? '')).status, 200);
    const look = () => gate.inspect(requestOf(device), person as NonNullable<typeof person>);
    const link = await linkOf(look);
    return { device, link, look };
  }

  async function linkOf(look: () => ReturnType<ReturnType<typeof createRedisRevocation>['inspect']>) {
    const found = await look();
    assert.ok(found.verdict === 'goes on' && found.gate.state === 'verified', JSON.stringify(found));
    return found.gate satisfies GateLink;
  }

  /** Ends `link` while Google is slow to refresh that session. @returns after the session was written back */
  async function endDuringRefresh(
    device: Client,
    link: GateLink & { key: string },
    end: () => Promise<unknown>,
  ) {
    world.google.delayRefresh(400);
    try {
      const asking = waitFor('a refresh', async () => (await device.ask('/dashboard')).setCookies.length > 0);
      await waitFor('the lock', async () => (await redis.exists(`${link.key}.lock`)) === 1);
      await end();
      assert.equal(await redis.exists(link.key), 0);
      await asking;
      assert.equal(await redis.exists(link.key), 1, 'the refresh wrote it back');
    } finally {
      world.google.delayRefresh(0);
    }
  }

  const toGoogle = (location: string | undefined) =>
    location?.startsWith(world.google.loginUrl.split('?')[0] ?? '-');

  test('two browsers of one person: the ended one lands on Google’s sign-in, the other stays signed in', async () => {
    const { gate, clock } = replica();
    const [a, b] = [await signedIn(), await signedIn()];
    assert.equal((await gate.end({ handle: 'a', link: a.link })).gate, 'ended');
    const click = await a.device.ask('/dashboard');
    assert.equal(click.status, 302);
    assert.ok(toGoogle(click.location));
    assert.equal((await b.device.ask('/dashboard')).status, 200);
    assert.equal((await gate.receiptOf('a'))?.verifiedAt, undefined);
    clock.advance(3_000);
    clock.advance(7_000);
    const receipt = await eventually('verified', async () => {
      const now = await gate.receiptOf('a');
      return now?.verifiedAt !== undefined && now;
    });
    assert.deepEqual([receipt.gate, receipt.writtenBack], ['ended', 0]);
    assert.equal((await b.device.ask('/dashboard')).status, 200);
    assert.equal((await a.device.signIn(ada.email)).status, 200);
    assert.equal((await a.look()).verdict, 'goes on');
  });

  test('a refresh in flight writes the session back: refused immediately, deleted again after 3 s, verified after 10 s', async () => {
    const { gate, clock } = replica();
    const { device, link } = await signedIn();
    await endDuringRefresh(device, link, () => gate.end({ handle: 'flight', link }));
    clock.advance(3_000);
    await eventually('the look after 3 s', async () => (await redis.exists(link.key)) === 0);
    assert.ok(toGoogle((await device.ask('/dashboard')).location));
    await eventually('the receipt', async () => (await gate.receiptOf('flight'))?.writtenBack === 1);
    assert.equal((await gate.receiptOf('flight'))?.verifiedAt, undefined);
    clock.advance(7_000);
    const receipt = await eventually('verified', async () => {
      const now = await gate.receiptOf('flight');
      return now?.verifiedAt !== undefined && now;
    });
    assert.deepEqual([receipt.gate, receipt.writtenBack], ['ended', 1]);
  });

  test('a session that was written back is refused and deleted by the next request, before any scheduled look', async () => {
    const { gate } = replica();
    const { device, link, look } = await signedIn();
    await endDuringRefresh(device, link, () => gate.end({ handle: 'next', link }));
    assert.equal((await look()).verdict, 'ended');
    assert.equal(await redis.exists(link.key), 0);
    assert.equal((await look()).verdict, 'ended', 'and a request that the gate let in before');
  });

  test('a refresh changes created-at but not the time of sign-in', async () => {
    const { device, link, look } = await signedIn();
    const before = world.google.refreshCount();
    await waitFor('a refresh', async () => {
      await device.ask('/dashboard');
      return world.google.refreshCount() > before;
    });
    const later = await linkOf(look);
    assert.ok(later.createdAt > link.createdAt);
    assert.deepEqual([later.key, later.signIn], [link.key, link.signIn]);
  });

  test('the same browser signs in again on its ticket, and no later look deletes that session', async () => {
    const { gate, clock } = replica();
    const { device, link, look } = await signedIn();
    await gate.end({ handle: 'again', link });
    // Directly to the start: the sign-in page would have discarded the ticket.
    assert.equal((await device.signIn(ada.email, '/oauth2/start?rd=%2Fdashboard')).status, 200);
    const anew = await linkOf(look);
    assert.equal(anew.key, link.key, 'the ticket is reused');
    assert.notEqual(anew.signIn, link.signIn);
    clock.advance(3_000);
    await eventually('verified', async () => (await gate.receiptOf('again'))?.verifiedAt !== undefined);
    assert.equal(await redis.exists(link.key), 1);
    assert.equal((await device.ask('/dashboard')).status, 200);

    assert.equal((await gate.end({ handle: 'again-2', link: anew })).gate, 'ended');
    clock.advance(3_000);
    assert.equal((await look()).verdict, 'ended', 'the second one can be ended as well');
  });

  test('the looks of a process that died are taken over by the next reader of the receipt', async () => {
    const dying = replica({ ...createClock(), wait: () => new Promise(() => {}) });
    const { device, link } = await signedIn();
    await endDuringRefresh(device, link, () => dying.gate.end({ handle: 'died', link }));
    const { gate, clock } = replica();
    clock.advance(11_000);
    assert.equal((await gate.receiptOf('died'))?.writtenBack, 1);
    assert.equal(await redis.exists(link.key), 0);
    clock.advance(10_000);
    const receipt = await gate.receiptOf('died');
    assert.ok(receipt?.verifiedAt !== undefined && clock.now() - receipt.verifiedAt < 1000);
  });

  test('replicas make each look only once', async () => {
    const one = replica();
    const two = replica(one.clock);
    const { device, link } = await signedIn();
    await endDuringRefresh(device, link, () => one.gate.end({ handle: 'both', link }));
    one.clock.advance(3_000);
    await Promise.all([one, two, one, two].map(({ gate }) => gate.receiptOf('both')));
    await eventually('the look', async () => (await two.gate.receiptOf('both'))?.writtenBack === 1);
    assert.equal((await one.gate.receiptOf('both'))?.writtenBack, 1);
  });

  test('two people in one Redis: ending one does not end the other, and one’s cookie does not identify the other', async () => {
    const { gate } = replica();
    const [a, g] = [await signedIn(ada), await signedIn(grace)];
    await gate.endPerson(ada.id, [{ handle: 'p', link: a.link }]);
    assert.equal((await g.look()).verdict, 'goes on');
    assert.equal((await g.device.ask('/dashboard')).status, 200);
    assert.equal((await gate.inspect(requestOf(g.device), ada)).verdict, 'another person');
    const sameSubject = { id: grace.id, email: ada.email };
    assert.equal((await gate.inspect(requestOf(g.device), sameSubject)).verdict, 'another person');
  });

  test('all of a person: known sessions are deleted, others are refused by their time, and a new sign-in is admitted', async () => {
    const { gate } = replica();
    const [known, unknown] = [await signedIn(), await signedIn()];
    const receipts = await gate.endPerson(ada.id, [
      { handle: 'k', link: known.link },
      { handle: 'never-tied' },
    ]);
    assert.deepEqual(
      receipts.map((receipt) => receipt.gate),
      ['ended', 'unknown'],
    );
    assert.equal((await unknown.device.ask('/api/me')).status, 200, 'the gate still lets it in');
    assert.equal((await unknown.look()).verdict, 'ended');
    assert.equal(await redis.exists(unknown.link.key), 0, 'and its next request here ends it there');
    assert.equal((await unknown.device.signIn(ada.email)).status, 200);
    assert.equal((await unknown.look()).verdict, 'goes on');
  });

  test('a session without a known time of sign-in is marked by the present instant', async () => {
    const { gate } = replica();
    const { device, link, look } = await signedIn();
    const { signIn: _, ...blind } = link;
    await endDuringRefresh(device, link, () => gate.end({ handle: 'blind', link: blind }));
    assert.equal((await look()).verdict, 'ended');
  });

  test('a link can only delete the key of a session', async () => {
    const { gate } = replica();
    const others = ['gatehouse:session:x', `${cookieName}-${'a'.repeat(32)}.lock`, `other-${'a'.repeat(32)}`];
    for (const key of others) await redis.set(key, 'x', 'EX', 60);
    for (const key of ['*', `${cookieName}-*`, ...others]) {
      const link: GateLink = { state: 'verified', key, createdAt: 1 };
      assert.equal((await gate.end({ handle: 'x', link })).gate, 'unknown');
    }
    assert.equal(await redis.exists(...others), others.length);
  });

  test('without the gate’s Redis: marked here, reported, and retried', async () => {
    const { gate, clock } = replica();
    const { device, link, look } = await signedIn();
    const other = await signedIn(grace);
    await world.redis?.kill();
    assert.equal((await gate.end({ handle: 'outage', link })).gate, 'unreachable');
    // There is a revocation mark, and what the ticket holds now is unknown: nobody is let in, and nobody is signed out because of one slow
    // response.
    await assert.rejects(look(), StoreUnavailable);
    const unknown = await other.look();
    assert.deepEqual(unknown, { verdict: 'goes on', gate: { state: 'unverified' } });
    await world.redis?.restart();
    await waitFor('Redis', async () => (await redis.ping()) === 'PONG');
    clock.advance(3_000);
    clock.advance(10_000);
    const receipt = await eventually('verified', async () => {
      const now = await gate.receiptOf('outage');
      return now?.verifiedAt !== undefined && now;
    });
    assert.equal(receipt.gate, 'nothing to end');
    await device.signIn(ada.email);
    assert.equal((await look()).verdict, 'goes on');
  });

  test('the governor ends the oldest session beyond the limit, at the gate', async () => {
    const { gate } = replica();
    const [now, logger] = [Date.now, createLogger('silent')];
    const radar = createSessionScan({ redis, cookieName, expireMs, now, logger });
    const sessionOwners = createSessionOwners(store.notes, now, expireMs);
    const governor = createGovernor({
      mode: 'on',
      rules: { maxAgeMs: 0, maxIdleMs: 0, maxSessions: 1 },
      expireMs,
      snapshot: radar.snapshot,
      ownersOf: sessionOwners.ownersOf,
      end: gate.end,
      notes: store.notes,
      claims: store.claims,
      now,
      logger,
      recorder: keepEvents(),
    });
    const [older, younger, hers] = [await signedIn(), await signedIn(), await signedIn(grace)];
    for (const [handle, { link }, person] of [
      ['gov-1', older, ada],
      ['gov-2', younger, ada],
      ['gov-3', hers, grace],
    ] as const)
      await sessionOwners.remember({ personId: person.id, email: person.email, handle, link });
    while (!(await radar.step()));
    const report = await governor.run();
    assert.deepEqual(
      report?.verdicts.map(({ session, reasons }) => [session.key, reasons]),
      [[older.link.key, ['number']]],
    );
    assert.ok(toGoogle((await older.device.ask('/dashboard')).location));
    for (const { device } of [younger, hers]) assert.equal((await device.ask('/dashboard')).status, 200);
    assert.equal((await gate.receiptOf('gov-1'))?.gate, 'ended');
  });

  test('an unreadable value is unverified and does not throw', async () => {
    const { link, look } = await signedIn();
    for (const value of ['', 'x', 'x'.repeat(300_000)]) {
      await redis.set(link.key, value);
      assert.deepEqual(await look(), { verdict: 'goes on', gate: { state: 'unverified' } });
    }
    await redis.del(link.key);
    await redis.lpush(link.key, 'a list');
    assert.deepEqual(await look(), { verdict: 'goes on', gate: { state: 'unverified' } });
  });
});

function createClock() {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const waiting = new Set<{ readonly at: number; readonly resolve: () => void }>();
  return {
    now,
    advance(ms: number) {
      ahead += ms;
      for (const one of [...waiting]) {
        if (one.at > now()) continue;
        waiting.delete(one);
        one.resolve();
      }
    },
    wait: (ms: number) =>
      new Promise<void>((resolve) => {
        waiting.add({ at: now() + ms, resolve });
      }),
  };
}
