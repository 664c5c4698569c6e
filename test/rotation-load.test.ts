// Secrets are rotated under load, with two servers on one store: by SIGHUP, and by restarting one after the other. No request is refused,
// nobody loses a session, every cookie is signed again. On SQLite and on Redis.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createKeyring } from '../src/crypto/keyring.ts';
import { signedBy } from '../src/sessions/admission/session-cookie.ts';
import { type Crowd, gatherCrowd } from './support/crowd.ts';
import { storeKinds } from './support/desk.ts';
import { need } from './support/requirement.ts';
import { type Served, startServed } from './support/served.ts';

const sessionName = '__Host-session';
const breatheMs = 400;

interface Scene {
  readonly served: Served;
  readonly crowd: Crowd;
  /** Does what the gate's operator does: gives the gate the new secret once the app accepts it. */
  gateFollows(): void;
}

async function begin(served: Served, people: number): Promise<Scene> {
  let gateSecret = served.setting('GATE_SECRET');
  const ports = served.servers.map(({ port }) => port);
  const crowd = await gatherCrowd({ ports, people, gateSecret: () => gateSecret });
  return {
    served,
    crowd,
    gateFollows: () => {
      gateSecret = served.setting('GATE_SECRET');
    },
  };
}

/** Waits until every server signs with the newest key, and everyone has sent another request. */
async function untilSigned({ served, crowd }: Scene): Promise<number> {
  const newest = createKeyring([served.setting('SECRET_KEY')]);
  const unsigned = () =>
    crowd.members.filter(({ cookies }) => signedBy(cookies.get(sessionName) ?? '', newest) === undefined)
      .length;
  for (let tries = 0; tries < 100 && unsigned() > 0; tries++) await delay(100);
  return unsigned();
}

const byReload = async ({ served, gateFollows }: Scene) => {
  await served.generate('--rotate', 'session,gate');
  for (const server of served.servers) {
    await server.reload();
    // Long enough for people to present one server's cookies to the other.
    await delay(breatheMs);
  }
  gateFollows();
  await delay(breatheMs);
};

const byRestart = async ({ served, gateFollows }: Scene) => {
  await served.generate('--rotate', 'session,gate');
  for (const server of served.servers) {
    await server.restart();
    await delay(breatheMs);
  }
  gateFollows();
  await delay(breatheMs);
};

const ways = [
  ['three times by SIGHUP', 3, byReload],
  ['twice by a restart of one server after the other', 2, byRestart],
] as const;

for (const store of storeKinds) {
  const missing = await need(...(store === 'redis' ? (['redis-server'] as const) : []));
  suite(`rotation under load on ${store}`, missing, () => {
    let served: Served;
    before(async () => {
      served = await startServed(store, 2, { LOG_LEVEL: 'info' });
    });
    after(() => served.close());

    for (const [way, times, rotate] of ways) {
      test(`${way}: nobody refused, no session lost, every cookie signed again`, async (t) => {
        const scene = await begin(served, 16);
        const { crowd } = scene;
        t.after(() => crowd.close());
        const before = crowd.members.map(({ cookies }) => cookies.get(sessionName));
        const from = performance.now();
        const unsigned = await crowd.run(
          (async () => {
            for (let i = 0; i < times; i++) await rotate(scene);
            return untilSigned(scene);
          })(),
        );
        const seconds = (performance.now() - from) / 1000;
        const { requests, elsewhere, reset, refused, lost } = crowd.counts;
        t.diagnostic(
          `${requests} requests in ${seconds.toFixed(1)} s (${Math.round(requests / seconds)}/s); ` +
            `asked the other server: ${elsewhere} after a refused connection, ${reset} after a reset one`,
        );
        assert.deepEqual(Object.fromEntries(refused), {});
        assert.equal(lost, 0);
        assert.equal(unsigned, 0);
        if (rotate === byReload) assert.equal(elsewhere + reset, 0);
        for (const [i, { cookies }] of crowd.members.entries()) {
          assert.notEqual(cookies.get(sessionName), before[i]);
        }
      });
    }

    // Counting works the same on both stores.
    if (store === 'sqlite')
      test('the count detects a rotation that keeps no former key', async (t) => {
        const { crowd } = await begin(served, 5);
        t.after(() => crowd.close());
        await crowd.run(
          (async () => {
            await served.generate('--rotate', 'session');
            served.set({ SECRET_KEY_FALLBACKS: '' });
            for (const server of served.servers) await server.reload();
            await delay(breatheMs);
          })(),
        );
        assert.ok(crowd.counts.lost > 0);
        assert.ok((crowd.counts.refused.get('401') ?? 0) > 0);
      });
  });
}
