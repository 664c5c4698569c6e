// Which client address oauth2-proxy logs behind the real nginx, and that no header which a client invents is believed there.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, suite, test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import { type GateOnly, startGateOnly } from './support/gate-only.ts';
import { type Nginx, startNginx } from './support/nginx.ts';
import { gateIsAtLeast, need } from './support/requirement.ts';

/** On Linux every address of 127.0.0.0/8 is this machine, so the client can have a different one than nginx. */
const client = '127.0.0.7';
const withFront =
  process.platform === 'linux'
    ? await need('oauth2-proxy', 'nginx')
    : { skip: 'needs an address of its own for the client, which only Linux has at hand' };

const forgeries = {
  'X-Forwarded-For': '198.51.100.66',
  'X-Real-IP': '198.51.100.67',
  Forwarded: 'for=198.51.100.68',
  'X-Forwarded-Host': 'evil.example',
  'X-Forwarded-Proto': 'gopher',
  'X-Forwarded-Uri': '/health',
};

function ask(port: number, path: string, headers: Record<string, string>) {
  return new Promise<{ status: number; location: string | undefined }>((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers, localAddress: client, agent: false });
    asked.on('response', (answer) => {
      answer.resume();
      resolve({ status: answer.statusCode ?? 0, location: answer.headers.location });
    });
    asked.on('error', reject).end();
  });
}

/** The address at the beginning of the gate's log line about this path. */
async function loggedFor(world: GateOnly, path: string): Promise<string | undefined> {
  const line = await waitFor('the line about the request', async () =>
    world.gate.child.lines.find(
      (text) => text.includes(` GET - ${path} `) || text.includes(` ${path} HTTP/`),
    ),
  );
  return /^[\d.a-f:]+/.exec(line)?.[0];
}

suite('the gate behind nginx, as shipped', withFront, () => {
  let world: GateOnly;
  let nginx: Nginx;
  before(async () => {
    world = await startGateOnly();
    nginx = await startNginx(world.gate.port);
  });
  after(async () => {
    await nginx.close();
    await world.close();
  });

  test('the log names the peer, nginx, and since 7.15.5 nothing from a header', async () => {
    const isStrict = await gateIsAtLeast('7.15.5');
    await ask(nginx.port, '/through-nginx', forgeries);
    assert.equal(await loggedFor(world, '/through-nginx'), isStrict ? '127.0.0.1' : client);
    await ask(world.gate.port, '/past-nginx', forgeries);
    assert.equal(await loggedFor(world, '/past-nginx'), isStrict ? client : '198.51.100.66');
  });

  test('forged headers open nothing and redirect nowhere', async () => {
    for (const port of [nginx.port, world.gate.port]) {
      const arrived = await world.arrivalsOf(async () => {
        const answer = await ask(port, '/dashboard', forgeries);
        assert.equal(answer.status, 302);
        const target = new URL(answer.location ?? '');
        assert.equal(target.origin, world.google.origin);
        assert.equal(target.searchParams.get('redirect_uri'), `${world.gate.publicUrl}/oauth2/callback`);
      });
      assert.deepEqual(arrived, []);
    }
  });

  test('the header in which the app counts proxies has the client’s own address, whatever the client sent', async () => {
    const [arrived] = await world.arrivalsOf(() => ask(nginx.port, '/', forgeries));
    assert.deepEqual(arrived?.all('x-forwarded-for'), [`${client}, 127.0.0.1`]);
    assert.deepEqual(arrived?.all('x-forwarded-uri'), []);
  });
});

suite('the gate behind a trusted nginx', withFront, () => {
  let world: GateOnly;
  let nginx: Nginx;
  before(async () => {
    world = await startGateOnly({ env: { OAUTH2_PROXY_TRUSTED_PROXY_IPS: '127.0.0.1/32' } });
    nginx = await startNginx(world.gate.port);
  });
  after(async () => {
    await nginx.close();
    await world.close();
  });

  test('the log names the client’s own address, not the forged one', async () => {
    await ask(nginx.port, '/through-nginx', forgeries);
    assert.equal(await loggedFor(world, '/through-nginx'), client);
  });

  test('the documented block removes X-Forwarded-Uri, so that it opens nothing', async () => {
    const arrived = await world.arrivalsOf(async () => {
      assert.equal((await ask(nginx.port, '/dashboard', forgeries)).status, 302);
    });
    assert.deepEqual(arrived, []);
  });
});
