// SIGHUP on a running server: new secrets are applied without refusing a request, invalid settings change nothing. On SQLite and on Redis.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import { createKeyring } from '../src/crypto/keyring.ts';
import { signedBy } from '../src/sessions/admission/session-cookie.ts';
import { type Client, createClient } from './support/client.ts';
import { ada, storeKinds, type TestPerson } from './support/desk.ts';
import { need } from './support/requirement.ts';
import { type Served, type Server, startServed } from './support/served.ts';

const sessionName = '__Host-session';
const visitorName = '__Host-visitor_session_id';

function gateHeaders({ id, email }: TestPerson, secret: string): Record<string, string> {
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  return { authorization, 'x-forwarded-user': id, 'x-forwarded-email': email };
}

/** Ada, whose requests come through a gate that has `secret`. */
function adaAt(server: Server | undefined, secret: string, cookies?: Client['cookies']): Client {
  const client = createClient(server?.url ?? '', { headers: gateHeaders(ada, secret) });
  for (const [name, value] of cookies ?? []) client.cookies.set(name, value);
  return client;
}

const handleOf = async (client: Client) =>
  (await client.ask('/api/me')).json<{ session: { handle: string } }>().session.handle;

for (const store of storeKinds) {
  suite(`reload on ${store}`, await need(...(store === 'redis' ? (['redis-server'] as const) : [])), () => {
    let served: Served;
    let server: Server;
    before(async () => {
      served = await startServed(store, 1, { LOG_LEVEL: 'info' });
      const [first] = served.servers;
      assert.ok(first);
      server = first;
    });
    after(() => served.close());
    const signer = (client: Client) =>
      signedBy(client.cookies.get(sessionName) ?? '', createKeyring([served.setting('SECRET_KEY')]));

    test('invalid settings change nothing, and are logged by name', async () => {
      const secret = served.setting('GATE_SECRET');
      const client = adaAt(server, secret);
      await client.ask('/dashboard');
      const handle = await handleOf(client);
      const text = readFileSync(served.envFile, 'utf8');
      const planted = 'planted-and-too-short';
      served.set({ SECRET_KEY: planted, GATE_SECRET: 'f'.repeat(64) });
      const line = await server.reload();
      writeFileSync(served.envFile, text);
      assert.equal(line['event'], 'settings.refused');
      const problems = line['problems'] as string[];
      for (const name of ['SECRET_KEY', 'GATE_SECRET'])
        assert.ok(
          problems.some((problem) => problem.startsWith(`${name} `)),
          name,
        );
      assert.ok(!server.lines.some((said) => said.includes(planted)));
      assert.equal(await handleOf(client), handle);
    });

    test('a new key signs; what the former one signed is accepted and signed again', async () => {
      const client = adaAt(server, served.setting('GATE_SECRET'));
      await client.ask('/');
      await client.ask('/dashboard');
      const handle = await handleOf(client);
      const before = new Map(client.cookies);
      await served.generate('--rotate', 'session');
      assert.equal((await server.reload())['event'], 'settings.reloaded');
      assert.equal(signer(client), undefined);
      assert.equal(await handleOf(client), handle);
      assert.equal(signer(client), 'current');
      const unsigned = (value = '') => value.slice(0, value.lastIndexOf('.'));
      assert.equal(unsigned(client.cookies.get(sessionName)), unsigned(before.get(sessionName)));
      // The visitor cookie too, although no public page was opened since.
      assert.notEqual(client.cookies.get(visitorName), before.get(visitorName));
      assert.equal(unsigned(client.cookies.get(visitorName)), unsigned(before.get(visitorName)));
      const again = await client.ask('/api/me');
      assert.deepEqual(again.setCookies, []);
    });

    test('a visitor’s cookie is signed again on a public page', async () => {
      const visitor = createClient(server.url);
      await visitor.ask('/');
      const before = visitor.cookies.get(visitorName) ?? '';
      await served.generate('--rotate', 'session');
      await server.reload();
      await visitor.ask('/privacy-notice');
      const after = visitor.cookies.get(visitorName) ?? '';
      assert.notEqual(after, before);
      assert.equal(after.split('.')[0], before.split('.')[0]);
    });

    test('a cookie signed with a removed key is not accepted: the next page starts a session, without an error', async () => {
      const client = adaAt(server, served.setting('GATE_SECRET'));
      await client.ask('/dashboard');
      const handle = await handleOf(client);
      const old = new Map(client.cookies);
      await served.generate('--rotate', 'session');
      served.set({ SECRET_KEY_FALLBACKS: '' });
      await server.reload();
      assert.equal((await client.ask('/api/me')).status, 401);
      const late = adaAt(server, served.setting('GATE_SECRET'), old);
      const page = await late.ask('/dashboard');
      assert.equal(page.status, 200);
      assert.notEqual(await handleOf(late), handle);
      const recorded = server.lines.filter((line) => line.includes('"event":"secret.'));
      assert.ok(recorded.some((line) => line.includes('secret.rotated')));
      assert.ok(recorded.some((line) => line.includes('secret.pruned')));
    });

    test('the gate may use the former secret until it is removed', async () => {
      const former = served.setting('GATE_SECRET');
      await served.generate('--rotate', 'gate');
      const secret = served.setting('GATE_SECRET');
      assert.notEqual(secret, former);
      assert.equal((await adaAt(server, secret).ask('/dashboard')).status, 401);
      await server.reload();
      assert.equal((await adaAt(server, secret).ask('/dashboard')).status, 200);
      assert.equal((await adaAt(server, former).ask('/dashboard')).status, 200);
      served.set({ GATE_SECRET_FALLBACKS: '' });
      await server.reload();
      assert.equal((await adaAt(server, former).ask('/dashboard')).status, 401);
      assert.equal((await adaAt(server, secret).ask('/dashboard')).status, 200);
    });

    test('operators follow ADMIN_EMAILS; changes of other settings are reported and need a restart', async () => {
      const client = adaAt(server, served.setting('GATE_SECRET'));
      await client.ask('/dashboard');
      assert.equal((await client.ask('/keys')).status, 200);
      served.set({ ADMIN_EMAILS: 'grace@example.org', SESSION_MAX_PER_USER: '3', LOG_LEVEL: 'debug' });
      await server.reload();
      assert.equal((await client.ask('/keys')).status, 403);
      const line = await waitFor('the line', () =>
        server.lines.find((said) => said.includes('settings.need_restart')),
      );
      const { settings } = JSON.parse(line) as { settings: string[] };
      assert.deepEqual(settings.toSorted(), ['LOG_LEVEL', 'SESSION_MAX_PER_USER']);
    });

    test('with two servers, a new key signs only once both accept it', async (t) => {
      const two = await startServed(store, 2);
      t.after(() => two.close());
      const [first, second] = two.servers;
      const secret = two.setting('GATE_SECRET');
      const client = adaAt(first, secret);
      await client.ask('/dashboard');
      const handle = await handleOf(client);
      await two.generate('--rotate', 'session');
      await first?.reload();
      const newest = createKeyring([two.setting('SECRET_KEY')]);
      const isNew = (cookies: Client['cookies']) =>
        signedBy(cookies.get(sessionName) ?? '', newest) !== undefined;
      assert.equal(await handleOf(client), handle);
      assert.equal(isNew(client.cookies), false);
      assert.equal(await handleOf(adaAt(second, secret, client.cookies)), handle);
      await second?.reload();
      await waitFor('the new key', async () => (await handleOf(client)) === handle && isNew(client.cookies));
      assert.equal(await handleOf(adaAt(second, secret, client.cookies)), handle);
    });

    test('no secret is logged', () => {
      const log = server.lines.join('\n');
      for (const name of ['SECRET_KEY', 'GATE_SECRET']) assert.ok(!log.includes(served.setting(name)), name);
    });
  });
}
