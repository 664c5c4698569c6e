// The checks from outside against the real oauth2-proxy, the app and an https reverse proxy, and against unprotected gates.
import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { startChild } from '../demo/child.ts';
import { checkUp, type Report } from '../src/doctor/check-up.ts';
import { outsideChecks } from '../src/doctor/checks/from-outside.ts';
import type { OutsideView } from '../src/doctor/deployment.ts';
import { lookFromOutside } from '../src/doctor/look/from-outside.ts';
import { deploymentWith } from './support/deployment.ts';
import { startGateOnly } from './support/gate-only.ts';
import { need } from './support/requirement.ts';
import { startWorld, type World } from './support/world.ts';

const found = (live: OutsideView) => {
  const deployment = { ...deploymentWith({}), at: Date.now(), live: { found: live } };
  return checkUp(deployment, 'high', outsideChecks);
};
const ids = (live: OutsideView) => found(live).findings.map(({ id }) => id);

// Awaited before any suite is declared: a suite that is declared later could be missed.
const [withBoth, withGate] = [await need('oauth2-proxy', 'openssl'), await need('oauth2-proxy')];

suite('from outside: a hardened deployment', withBoth, () => {
  let world: World;
  before(async () => {
    world = await startWorld({ https: true });
  });
  after(() => world.close());

  test('the only finding is the short-lived certificate, and everything was checked', async () => {
    const live = await lookFromOutside(world.url, Date.now, world.ca);
    const { findings, notChecked, passed } = found(live);
    // The reverse proxy's certificate is valid for two days.
    assert.deepEqual(
      findings.map(({ id }) => id),
      ['live.certificate-expiry'],
      JSON.stringify(findings),
    );
    assert.deepEqual(notChecked, []);
    assert.equal(passed.length, outsideChecks.length - 1);
    assert.ok(Math.abs(live.clockAheadMs ?? 9999) < 3000);
  });

  test('an untrusted certificate is reported, and the rest is still checked', async () => {
    assert.deepEqual(ids(await lookFromOutside(world.url, Date.now)), [
      'live.certificate',
      'live.certificate-expiry',
    ]);
  });

  test('nothing that was sent is kept, and nobody is signed in by it', async () => {
    const before = world.appLines.length;
    await lookFromOutside(world.url, Date.now, world.ca);
    const lines = world.appLines.slice(before).join('\n');
    assert.doesNotMatch(lines, /session\.created|gatehouse\.invalid|"level":"error"/);
  });

  test('an address that does not answer', async () => {
    assert.deepEqual(ids(await lookFromOutside('http://127.0.0.1:9', Date.now)), ['live.reachable']);
  });
});

suite('from outside: an open deployment', withGate, () => {
  test('the gate lets every page through: reported, although the app refuses access itself', async () => {
    const world = await startWorld({ gate: { env: { OAUTH2_PROXY_SKIP_AUTH_ROUTES: 'GET=^/' } } });
    try {
      assert.ok(ids(await lookFromOutside(world.url, Date.now)).includes('live.gate'));
    } finally {
      await world.close();
    }
  });

  test('a proxy in front may rewrite the requested address: reported', async () => {
    const world = await startWorld({ gate: { env: { OAUTH2_PROXY_TRUSTED_PROXY_IPS: '127.0.0.1/32' } } });
    try {
      assert.deepEqual(ids(await lookFromOutside(world.url, Date.now)), ['live.forged-uri']);
    } finally {
      await world.close();
    }
  });

  test('plain http with a cookie readable by scripts: reported', async () => {
    const world = await startWorld({ env: { SESSION_COOKIE_HTTPONLY: 'false' } });
    try {
      assert.deepEqual(ids(await lookFromOutside(world.url, Date.now)), ['live.visitor-cookie']);
    } finally {
      await world.close();
    }
  });

  // This app trusts no header on a public page; another app behind the same gate may, and only that can be seen from outside.
  for (const [strip, expected] of [
    ['false', true],
    ['true', false],
  ] as const) {
    test(`client headers on public pages, skip_auth_strip_headers=${strip}, with an app that trusts them`, async () => {
      const app = await startGreeter();
      const gate = await startGateOnly({
        upstream: app.url,
        env: { OAUTH2_PROXY_SKIP_AUTH_STRIP_HEADERS: strip },
      });
      try {
        const live = await lookFromOutside(gate.gate.publicUrl, Date.now);
        assert.equal(ids(live).includes('live.forged-identity'), expected);
        assert.equal(live.answers.forgedPublic?.namesProbe, expected);
        assert.equal(live.answers.forgedMember?.namesProbe, false);
      } finally {
        await gate.close();
        await app.close();
      }
    });
  }

  test('no gate at all, metrics and .env exposed', async () => {
    const app = await startGreeter({
      '/.env': 'SECRET_KEY=abc\n',
      '/metrics': '# HELP sessions live\n',
      '/dashboard': 'hello',
    });
    try {
      const open = ids(await lookFromOutside(app.url, Date.now));
      for (const id of ['live.gate', 'live.closed', 'live.health', 'live.headers', 'live.forged-identity']) {
        assert.ok(open.includes(id), `${id} in ${open.join(' ')}`);
      }
      const command = await startChild({
        name: 'gatehouse doctor',
        command: process.execPath,
        args: [join(import.meta.dirname, '../src/main.ts'), 'doctor', '--json', '--url', app.url],
        cwd: tmpdir(),
      });
      assert.equal(await command.exited, 'exit code 1');
      const { findings } = JSON.parse(command.lines.join('\n')) as Report;
      const fromOutside = findings.filter(({ subject }) => subject === 'From outside').map(({ id }) => id);
      assert.deepEqual(fromOutside.toSorted(), open.toSorted(), 'the command sees the same');
    } finally {
      await app.close();
    }
  });
});

/** An app that trusts X-Forwarded-Email from any source. */
async function startGreeter(
  pages: Record<string, string> = {},
): Promise<{ url: string; close(): Promise<void> }> {
  const server: Server = createServer((req, res) => {
    res.end(pages[req.url ?? ''] ?? `Good day ${req.headers['x-forwarded-email'] ?? 'stranger'}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
