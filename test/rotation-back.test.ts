// A rotation during an outage, and one that is reverted: nobody is signed out, and removed keys are no longer accepted.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite, test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import { createKeyring } from '../src/crypto/keyring.ts';
import { signedBy } from '../src/sessions/admission/session-cookie.ts';
import { createClient } from './support/client.ts';
import { ada, storeKinds } from './support/desk.ts';
import { startRedis } from './support/redis.ts';
import { need } from './support/requirement.ts';
import { type Served, startServed } from './support/served.ts';

const sessionName = '__Host-session';

/** Ada behind a gate that has `secret`. */
function adaAt(served: Served, secret: string) {
  const authorization = `Basic ${Buffer.from(`${ada.id}:${secret}`).toString('base64')}`;
  const headers = { authorization, 'x-forwarded-user': ada.id, 'x-forwarded-email': ada.email };
  const client = createClient(served.servers[0]?.url ?? '', { headers });
  const handle = async () =>
    (await client.ask('/api/me')).json<{ session?: { handle: string } }>().session?.handle;
  const isSignedBy = (key: string) =>
    signedBy(client.cookies.get(sessionName) ?? '', createKeyring([key])) !== undefined;
  return { client, handle, isSignedBy };
}

for (const store of storeKinds) {
  suite(
    `going back on ${store}`,
    await need(...(store === 'redis' ? (['redis-server'] as const) : [])),
    () => {
      test('the older .env is restored, with the newer keys as former ones: nobody is signed out, and the former keys expire', async (t) => {
        const served = await startServed(store, 1);
        t.after(() => served.close());
        const [server] = served.servers;
        const folder = dirname(served.envFile);
        await served.generate('--rotate', 'session,gate');
        await server?.reload();
        const [newer, gate] = [served.setting('SECRET_KEY'), served.setting('GATE_SECRET')];
        const { client, handle, isSignedBy } = adaAt(served, gate);
        await client.ask('/dashboard');
        const session = await handle();
        assert.ok(session && isSignedBy(newer));
        const backup = readdirSync(folder).find((name) => name.startsWith('.env.backup-')) ?? '';
        writeFileSync(served.envFile, readFileSync(join(folder, backup)));
        const former = { SECRET_KEY_FALLBACKS: newer, GATE_SECRET_FALLBACKS: gate };
        served.set(former);
        assert.equal((await server?.reload())?.['event'], 'settings.reloaded');
        assert.equal(await handle(), session);
        assert.ok(isSignedBy(served.setting('SECRET_KEY')) && !isSignedBy(newer));
        await served.generate('--prune');
        assert.equal(served.setting('SECRET_KEY_FALLBACKS'), newer, 'not before its time');
        served.set({ SECRET_KEY_FALLBACKS: '', GATE_SECRET_FALLBACKS: '' });
        await server?.reload();
        assert.equal((await client.ask('/api/me')).status, 401);
      });
    },
  );
}

suite('an outage of Redis', await need('redis-server'), () => {
  test('SIGHUP meanwhile: the new secrets are loaded, and the newest signs once Redis is back', async (t) => {
    const redis = await startRedis();
    t.after(() => redis.close());
    const served = await startServed('sqlite', 1, {
      LOG_LEVEL: 'info',
      SESSION_BACKEND: 'redis',
      REDIS_URL: redis.url,
    });
    t.after(() => served.close());
    const [server] = served.servers;
    await redis.kill();
    await served.generate('--rotate', 'session,gate');
    assert.equal((await server?.reload())?.['event'], 'settings.reloaded');
    await redis.restart();
    const { client, handle, isSignedBy } = adaAt(served, served.setting('GATE_SECRET'));
    await waitFor('a session signed by the new key', async () => {
      client.cookies.clear();
      await client.ask('/dashboard');
      return (await handle()) !== undefined && isSignedBy(served.setting('SECRET_KEY'));
    });
    assert.ok(server?.child.running());
  });
});
