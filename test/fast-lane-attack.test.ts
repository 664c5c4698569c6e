// The attack on the fast lane: sessions end on one server by every way there is, and straight after each ending their cookies are sent to
// another server of the same store, whose fast lane has admitted them until then and is under load. None may be admitted any more.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '../demo/child.ts';
import { digest, randomToken } from '../src/crypto/tokens.ts';
import { createRevocationMarks } from '../src/gate/revocation-marks.ts';
import { encode, seal, ticketPayload } from '../src/gate/ticket.fixture.ts';
import { keyOf, newSessionId } from '../src/sessions/rules/session-id.ts';
import { connectRedis } from '../src/store/redis-client.ts';
import { ada, storeKinds, type TestPerson } from './support/desk.ts';
import { eventually } from './support/eventually.ts';
import { needsOf } from './support/hostile.ts';
import { keepAlive, type Reply } from './support/kept-alive.ts';
import { startRedis } from './support/redis.ts';
import {
  type Device,
  gateCookieName,
  newGateCookie,
  type ReplicaOptions,
  type Replicas,
  startReplicas,
} from './support/replicas.ts';
import { need } from './support/requirement.ts';
import { replicated, startReplicaOf, startSentinel } from './support/sentinel.ts';

const hour = 3_600_000;
const lifetimeMs = 168 * hour;
const idleMs = 24 * hour;
const requestsPerEnding = 300;
const waves = 3;

let people = 0;
function newPerson(): TestPerson {
  people += 1;
  return { id: `${200_000 + people}`, email: `person${people}@attack.test` };
}

/** Signs a person in on that many devices; every second one also has a cookie of oauth2-proxy. */
function signIns(at: Replicas, person: TestPerson, count: number): Promise<Device[]> {
  const devices = Array.from({ length: count }, (_, i) =>
    at.signIn(person, i % 2 === 0 ? newGateCookie() : undefined),
  );
  return Promise.all(devices);
}

async function answers(status: number, asked: Promise<{ readonly status: number }>): Promise<void> {
  assert.equal((await asked).status, status);
}

const askedBy = async ({ second }: Replicas) => {
  const counts = await second.asked();
  return {
    /** By the fast lane. */
    together: counts.get('sessions_read_many') ?? 0,
    /** By the ordinary handlers. */
    singly: counts.get('sessions_read') ?? 0,
  };
};

interface Attack {
  readonly devices: readonly Device[];
  /** Settles once the ending was answered. */
  readonly end: () => Promise<unknown>;
  /** Default: true; false for sessions that the fast lane leaves to the ordinary handlers. */
  readonly isInLane?: boolean;
}

/** Fails if a request is admitted that was written after the ending was answered. */
async function attack(
  t: TestContext,
  at: Replicas,
  { devices, end, isInLane = true }: Attack,
): Promise<void> {
  const [line, front] = [keepAlive(at.second.port, 16), keepAlive(at.second.guardPort, 16)];
  const bystanders = await Promise.all(
    Array.from({ length: 6 }, () => at.plant(newPerson(), { gateCookie: newGateCookie() })),
  );
  let isOver = false;
  t.after(() => {
    isOver = true;
    line.close();
    front.close();
  });
  const ask = ({ headers }: Device) => line.get('/api/me', headers);
  /** What an app is told about the same sessions. */
  const check = ({ guardHeaders }: Device) => front.get('/check', guardHeaders);
  const checkEach = (times: number) =>
    Promise.all(Array.from({ length: times }, () => devices.map(check)).flat());
  const askEach = (times: number) =>
    Promise.all(Array.from({ length: times }, () => devices.map(ask)).flat());

  if (isInLane) {
    await eventually('the fast lane alone answers', async () => {
      const earlier = await askedBy(at);
      assert.deepEqual(statusesOf(await askEach(3)), [200]);
      const { together, singly } = await askedBy(at);
      return together > earlier.together && singly === earlier.singly;
    });
    assert.deepEqual(statusesOf(await checkEach(3)), [204]);
  }
  let isEnded = false;
  const keepAsking = async (device: Device, isDone: () => boolean) => {
    while (!isDone() && !isOver) await Promise.all([ask(device), check(device)]);
  };
  const load = bystanders.map((device) => keepAsking(device, () => isOver));
  const inFlight = isInLane ? devices.map((device) => keepAsking(device, () => isEnded)) : [];
  await end();
  isEnded = true;
  const replies: Reply[] = [];
  const checked: Reply[] = [];
  const times = Math.ceil(requestsPerEnding / waves / devices.length);
  for (let wave = 0; wave < waves; wave++) {
    const [asked, found] = await Promise.all([askEach(times), checkEach(times)]);
    replies.push(...asked);
    checked.push(...found);
  }
  isOver = true;
  await Promise.all([...load, ...inFlight]);
  const accepted = replies.filter(({ status }) => status === 200);
  assert.equal(accepted.length, 0, `${accepted.length} of ${replies.length} were accepted`);
  assert.deepEqual(statusesOf(replies), [401]);
  const passed = checked.filter(({ status }) => status === 204);
  assert.equal(passed.length, 0, `${passed.length} of ${checked.length} were let into the app`);
  for (const { status } of checked) assert.ok(status === 401 || status === 403, `${status}`);
}

const statusesOf = (replies: readonly Reply[]) => [...new Set(replies.map(({ status }) => status))];

for (const store of storeKinds) {
  suite(`the attack on the fast lane, on ${store}`, await needsOf(store), () => {
    let at: Replicas;
    before(async () => {
      at = await startReplicas({ store, settings: { SESSION_BINDING: 'enforce' } });
    });
    after(() => at.close());

    /** A person's own device, and others that it ends. */
    async function ownDevices() {
      const [own, ...devices] = await signIns(at, newPerson(), 4);
      return { own: own ?? assert.fail(), devices };
    }
    const operator = () => at.signIn(ada);

    test('the person ends one device after another', async (t) => {
      const { own, devices } = await ownDevices();
      const [phone = own, tablet = own, laptop = own] = devices;
      await attack(t, at, {
        devices,
        async end() {
          await answers(303, own.ask('/devices/end', { handle: phone.handle }));
          await answers(303, own.ask('/devices/not-me', { handle: tablet.handle }));
          await answers(200, own.ask(`/api/sessions/${laptop.handle}`, {}, 'DELETE'));
        },
      });
    });

    test('the person ends all other devices', async (t) => {
      const { own, devices } = await ownDevices();
      await attack(t, at, { devices, end: () => answers(303, own.ask('/devices/end-others', {})) });
    });

    test('the person ends all other sessions by the API', async (t) => {
      const { own, devices } = await ownDevices();
      await attack(t, at, {
        devices,
        end: () => answers(200, own.ask('/api/sessions/revoke-others', {})),
      });
    });

    test('the person signs out', async (t) => {
      const devices = await signIns(at, newPerson(), 2);
      await attack(t, at, {
        devices,
        end: () => Promise.all(devices.map((device) => answers(303, device.ask('/logout', {})))),
      });
    });

    test('an operator ends one session', async (t) => {
      const [page, api] = [await signIns(at, newPerson(), 2), await signIns(at, newPerson(), 2)];
      const by = await operator();
      await attack(t, at, {
        devices: [...page, ...api],
        async end() {
          for (const { handle } of page) await answers(303, by.ask('/radar/end', { handle }));
          for (const { handle } of api)
            await answers(200, by.ask(`/api/admin/sessions/${handle}`, {}, 'DELETE'));
        },
      });
    });

    test('an operator ends a person', async (t) => {
      const [page, api] = [await signIns(at, newPerson(), 3), await signIns(at, newPerson(), 3)];
      const by = await operator();
      await attack(t, at, {
        devices: [...page, ...api],
        async end() {
          await answers(303, by.ask('/radar/end-person', { handle: page[0]?.handle ?? '' }));
          await answers(200, by.ask(`/api/admin/users/${api[0]?.person.id}/revoke`, {}));
        },
      });
    });

    test('an operator ends everyone', async (t) => {
      const devices = [...(await signIns(at, newPerson(), 3)), ...(await signIns(at, newPerson(), 3))];
      const by = await operator();
      await attack(t, at, {
        devices,
        end: () => answers(303, by.ask('/radar/end-everyone', { word: 'everyone' })),
      });
    });

    test('an operator takes an address off the allow-list', async (t) => {
      const person = newPerson();
      writeFileSync(at.emailsFile, `${ada.email}\n${person.email}\n`);
      const devices = await signIns(at, person, 3);
      const by = await operator();
      await attack(t, at, {
        devices,
        end: () => answers(303, by.ask('/access/remove', { email: person.email })),
      });
    });

    test('a person is erased', async (t) => {
      const [own, other] = [await signIns(at, newPerson(), 3), await signIns(at, newPerson(), 3)];
      const by = await operator();
      const { location } = await by.ask('/privacy/find', { email: other[0]?.person.email ?? '' });
      const who = new URL(location ?? '', 'https://desk.test').searchParams.get('who') ?? '';
      await attack(t, at, {
        devices: [...own, ...other],
        async end() {
          await answers(
            303,
            own[0]?.ask('/privacy/erase', { confirm: own[0].person.email }) ?? assert.fail(),
          );
          await answers(200, by.ask('/privacy/erase', { confirm: other[0]?.person.email ?? '', who }));
        },
      });
    });

    for (const [what, options] of [
      ['one session', ({ handle }: Device) => [handle]],
      ['a person', ({ person }: Device) => ['--person', person.email]],
      ['everyone', () => ['--all', '--yes']],
    ] as const) {
      test(`${what} is ended in a terminal`, async (t) => {
        const devices = await signIns(at, newPerson(), what === 'one session' ? 1 : 3);
        const [device = assert.fail()] = devices;
        await attack(t, at, {
          devices,
          end: () => at.gatehouse('sessions', 'revoke', ...options(device), '--no-wait'),
        });
      });
    }

    test('somebody has too many sessions', async (t) => {
      const person = newPerson();
      const devices: Device[] = [];
      for (let i = 0; i < 3; i++) devices.push(...(await signIns(at, person, 1)));
      await delay(2);
      await signIns(at, person, 7);
      await attack(t, at, { devices, end: () => signIns(at, person, 3) });
    });

    test('a lifetime is over', async (t) => {
      const endsAt = Date.now() + 2_000;
      const row = { createdAt: endsAt - lifetimeMs, expiresAt: endsAt };
      const devices = await Promise.all([1, 2, 3].map(() => at.plant(newPerson(), { row })));
      await attack(t, at, { devices, end: () => waitFor('its end', () => Date.now() >= endsAt) });
    });

    test('nobody used a session for too long', async (t) => {
      const endsAt = Date.now() + 200;
      const row = { createdAt: endsAt - 2 * idleMs, lastSeenAt: endsAt - idleMs };
      const devices = await Promise.all([1, 2, 3].map(() => at.plant(newPerson(), { row })));
      await attack(t, at, {
        devices,
        isInLane: false,
        end: () => waitFor('its end', () => Date.now() >= endsAt),
      });
    });

    test('an id that was replaced is presented', async (t) => {
      const person = newPerson();
      const [former, current] = [newSessionId(), newSessionId()];
      const key = keyOf(former);
      const previous = { idHash: digest(former), salt: randomToken(), successorSeenAt: Date.now() - 60_000 };
      const id = `${key}.${current.slice(key.length + 1)}`;
      const device = await at.plant(person, { id, row: { previous } });
      const copy = await at.plant(person, { id: former });
      await attack(t, at, { devices: [device], end: () => answers(401, copy.ask('/api/me')) });
      await attack(t, at, { devices: [copy, device], isInLane: false, end: async () => undefined });
    });

    test('the browser signs in again without its session cookie', async (t) => {
      const [person, gateCookie] = [newPerson(), newGateCookie()];
      const device = await at.plant(person, { gateCookie });
      await attack(t, at, { devices: [device], end: () => at.signIn(person, gateCookie) });
    });

    test('another person or another browser presents the session', async (t) => {
      const [stranger, moved, other] = await Promise.all([
        at.signIn(newPerson()),
        at.signIn(newPerson()),
        at.signIn(newPerson()),
      ]);
      const line = keepAlive(at.first.port, 1);
      t.after(() => line.close());
      const cookieOf = ({ headers }: Device) => headers.find((header) => header.startsWith('cookie:')) ?? '';
      const stolen = [...other.headers.filter((header) => header !== cookieOf(other)), cookieOf(stranger)];
      const agent = 'user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
      await attack(t, at, {
        devices: [stranger, moved],
        async end() {
          await line.get('/api/me', stolen);
          await line.get('/api/me', [...moved.headers, agent]);
        },
      });
    });

    test('the gate’s marks alone: of a cookie, of a person, of everyone', async (t) => {
      const marks = createRevocationMarks(at.store.notes, Date.now, lifetimeMs);
      const plant = (gateCookie = newGateCookie(), person = newPerson()) => at.plant(person, { gateCookie });
      const gateCookie = newGateCookie();
      const first = await plant(gateCookie);
      await attack(t, at, { devices: [first], end: () => marks.endCookie(gateCookie.digest) });
      const person = newPerson();
      const second = [await plant(newGateCookie(), person), await plant(newGateCookie(), person)];
      await attack(t, at, { devices: second, end: () => marks.endPerson(person.id) });
      const third = [await plant(), await plant()];
      await attack(t, at, { devices: third, end: () => marks.endEveryone() });
    });

    // The last: both servers stop for it.
    test('a backup is restored', async (t) => {
      const file = join(at.folder, 'backup.tar.gz');
      // Without cookies of oauth2-proxy, which are all refused by now.
      const devices = await Promise.all([1, 2, 3].map(() => at.signIn(newPerson())));
      await attack(t, at, {
        devices,
        async end() {
          await at.gatehouse('backup', file);
          await Promise.all([at.first.child.stop(), at.second.child.stop()]);
          await at.gatehouse('restore', file, '--replace', '--yes');
          await at.second.start();
        },
      });
    });
  });
}

if (storeKinds.includes('redis'))
  suite('the attack on the fast lane, with oauth2-proxy’s sessions in Redis', await needsOf('redis'), () => {
    test('an operator ends a person while oauth2-proxy renews their sessions, and marks alone', async (t) => {
      const redis = await startRedis();
      const settings = { GATE_SESSION_STORE: 'redis', GATE_REDIS_URL: redis.url };
      const at = await startReplicas({ store: 'redis', redis, settings });
      t.after(() => at.close());
      const gateRedis = connectRedis(redis.url, () => {});
      t.after(() => gateRedis.disconnect());
      const marks = createRevocationMarks(at.store.notes, Date.now, lifetimeMs);

      /** Signs in with a session at oauth2-proxy; `save` stores that session as a renewal does. */
      async function signIn(person: TestPerson) {
        const key = `${gateCookieName}-${randomBytes(16).toString('hex')}`;
        const [secret, nonce] = [randomBytes(16), randomBytes(32)];
        const save = (createdAt = Date.now()) =>
          gateRedis.set(
            key,
            seal(encode({ u: person.id, e: person.email, ca: new Date(createdAt), n: nonce }), secret),
          );
        await save(Date.now() - 2_000);
        const gateCookie = newGateCookie(ticketPayload(key, secret));
        const link = { key, signIn: digest(`gate sign-in\n${nonce.toString('hex')}`) };
        return { device: await at.signIn(person, gateCookie), save, link };
      }

      const person = newPerson();
      const renewed = await Promise.all([1, 2, 3].map(() => signIn(person)));
      const [first = assert.fail()] = renewed;
      const by = await at.signIn(ada);
      await attack(t, at, {
        devices: renewed.map(({ device }) => device),
        async end() {
          await answers(303, by.ask('/radar/end-person', { handle: first.device.handle }));
          await Promise.all(renewed.map(({ save }) => save()));
        },
      });
      const ticket = await signIn(newPerson());
      await attack(t, at, {
        devices: [ticket.device],
        end: () => marks.endTicket(ticket.link.key, ticket.link.signIn),
      });
      const marked = await signIn(newPerson());
      await attack(t, at, {
        devices: [marked.device],
        end: () => marks.endPerson(marked.device.person.id),
      });
    });
  });

if (storeKinds.includes('redis'))
  suite('the attack on the fast lane while Redis fails', await need('redis-server'), () => {
    /** Ends sessions, and sends their cookies until the test ends, together with those of sessions that are still live. */
    async function besiege(t: TestContext, options: Omit<ReplicaOptions, 'store'>) {
      const at = await startReplicas({ store: 'redis', ...options });
      const line = keepAlive(at.second.port, 16);
      const [own = assert.fail(), ...ended] = await signIns(at, newPerson(), 4);
      const live = await signIns(at, newPerson(), 3);
      const ask = ({ headers }: Device) => line.get('/api/me', headers);
      const askAll = (devices: readonly Device[]) =>
        Promise.all(Array.from({ length: 20 }, () => devices.map(ask)).flat());
      const isAdmitted = async (device: Device) => (await ask(device)).status === 200;
      assert.deepEqual(statusesOf(await askAll([...ended, ...live])), [200]);
      await answers(303, own.ask('/devices/end-others', {}));

      const replies: Reply[] = [];
      let isOver = false;
      const asking = ended.map(async (device) => {
        while (!isOver) replies.push(...(await askAll([device])));
      });
      t.after(async () => {
        isOver = true;
        line.close();
        await Promise.all(asking);
        await at.close();
      });
      return {
        redis: at.redis ?? assert.fail(),
        askLive: async () => statusesOf(await askAll(live)),
        areLiveAdmitted: async () => (await Promise.all(live.map(isAdmitted))).every(Boolean),
        /** Fails if one was admitted since it ended. */
        async finish() {
          isOver = true;
          await Promise.all(asking);
          for (let round = 0; round < 5; round++) replies.push(...(await askAll(ended)));
          assert.ok(replies.length >= 300, `${replies.length} requests`);
          const accepted = replies.filter(({ status }) => status === 200);
          assert.equal(accepted.length, 0, `${accepted.length} of ${replies.length} were accepted`);
        },
      };
    }

    test('Redis is killed and comes back with its data', async (t) => {
      const redis = await startRedis(['appendonly yes', 'appendfsync always']);
      const { askLive, areLiveAdmitted, finish } = await besiege(t, { redis });
      await redis.kill();
      assert.deepEqual(await askLive(), [503]);
      await redis.restart();
      await eventually('live sessions are admitted', areLiveAdmitted);
      await finish();
    });

    test('Redis comes back empty', async (t) => {
      const { redis, askLive, finish } = await besiege(t, {});
      await redis.restart();
      await eventually('nobody is signed in', async () => {
        const statuses = await askLive();
        assert.ok(!statuses.includes(200));
        return statuses.join() === '401';
      });
      await finish();
    });

    test('Redis fails over to a replica', async (t) => {
      const redis = await startRedis();
      const replica = await startReplicaOf(redis);
      t.after(() => replica.close());
      const sentinel = await startSentinel(redis);
      t.after(() => sentinel.close());
      const { areLiveAdmitted, finish } = await besiege(t, { redis, redisUrl: `${sentinel.url}/mymaster/0` });
      await replicated(redis);
      await redis.kill();
      await eventually('live sessions are admitted', areLiveAdmitted, 30_000);
      await finish();
    });
  });
