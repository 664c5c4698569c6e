// The shipped oauth2-proxy.cfg: accepted by the real oauth2-proxy, free of secrets, and hardened where a default is not.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { freePort } from '../demo/child.ts';
import { configFile } from '../demo/gate.ts';
import { findOauth2Proxy } from '../demo/oauth2-proxy.ts';
import { launchChromium } from './support/chromium.ts';
import { createClient } from './support/client.ts';
import { startGateOnly } from './support/gate-only.ts';
import { startHttpsFront } from './support/https-front.ts';
import { need } from './support/requirement.ts';

const withOpenssl = await need('openssl');

suite('gate configuration', await need('oauth2-proxy'), () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-cfg-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const secrets = {
    OAUTH2_PROXY_CLIENT_ID: 'id',
    OAUTH2_PROXY_CLIENT_SECRET: 'secret',
    OAUTH2_PROXY_COOKIE_SECRET: '0123456789abcdef0123456789abcdef',
    OAUTH2_PROXY_BASIC_AUTH_PASSWORD: 'password',
  };
  async function check(env: Record<string, string>) {
    const args = ['--config', configFile, '--config-test'];
    return spawnSync((await findOauth2Proxy()) ?? '', args, { env, cwd: folder, encoding: 'utf8' });
  }

  test('is valid as shipped, with only the secrets from the environment', async () => {
    const { status, stdout } = await check(secrets);
    assert.equal(status, 0);
    assert.match(stdout, /configuration is valid/);
  });

  test('is refused without them', async () => {
    assert.equal((await check({})).status, 1);
  });

  test('a refresh interval that is not shorter than the expiry is refused', async () => {
    const { status, stderr } = await check({ ...secrets, OAUTH2_PROXY_COOKIE_REFRESH: '168h' });
    assert.equal(status, 1);
    assert.match(stderr, /cookie_refresh .* must be less than cookie_expire/);
  });

  test('contains no secret, and nothing that admits more than the list', () => {
    const lines = readFileSync(configFile, 'utf8').split('\n');
    for (const name of ['client_id', 'client_secret', 'cookie_secret', 'basic_auth_password', 'redis_']) {
      assert.ok(!lines.some((line) => line.startsWith(name)), name);
    }
    assert.ok(
      !lines.some((line) => /^(email_domains|whitelist_domains|cookie_domains|trusted_ips)\b/.test(line)),
    );
  });

  test('behind TLS the cookie is __Host- and Secure', withOpenssl, async () => {
    const port = await freePort();
    const front = await startHttpsFront(() => `http://127.0.0.1:${port}`);
    const world = await startGateOnly({ port, publicUrl: front.origin });
    try {
      const device = createClient(front.origin, { ca: front.ca });
      assert.equal((await device.signIn('ada@example.org')).status, 200);
      assert.deepEqual([...device.cookies.keys()], ['__Host-_oauth2_proxy']);
      const [arrived] = await world.arrivalsOf(() =>
        device.ask('/dashboard', { headers: { 'X-Forwarded-For': '1.2.3.4' } }),
      );
      assert.deepEqual(
        arrived?.all('x-forwarded-for'),
        ['127.0.0.1, 127.0.0.1'],
        'browser, then front: two hops',
      );
      const forged = { 'X-Forwarded-Uri': '/health' };
      const through = await world.arrivalsOf(() =>
        createClient(front.origin, { ca: front.ca }).ask('/dashboard', { headers: forged }),
      );
      assert.deepEqual(through, []);
    } finally {
      await world.close();
      await front.close();
    }
  });
});

suite('gate cookie in a browser', await need('oauth2-proxy', 'chromium'), () => {
  /** Where the sign-in ends after choosing an account: Google is another site here, as in reality. */
  async function whereSignInEnds(env: Record<string, string>) {
    const world = await startGateOnly({ env });
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      await page.goto(`${world.gate.publicUrl}/dashboard`);
      const chooser = page.url();
      await page.getByRole('button', { name: 'ada@example.org' }).click();
      await page.waitForURL((url) => url.href !== chooser, { timeout: 10_000 });
      const succeeded = world.gate.child.lines.some((line) => line.includes('[AuthSuccess]'));
      return { path: new URL(page.url()).pathname, text: (await page.textContent('body')) ?? '', succeeded };
    } finally {
      await browser.close();
      await world.close();
    }
  }

  test('Lax: sign-in ends on the requested page', async () => {
    assert.deepEqual(await whereSignInEnds({}), { path: '/dashboard', text: 'arrived', succeeded: true });
  });

  test('Strict for the session never completes: the browser leaves the cookie out on the way back', async () => {
    const { path, text, succeeded } = await whereSignInEnds({ OAUTH2_PROXY_COOKIE_SAMESITE: 'strict' });
    assert.ok(succeeded, 'oauth2-proxy let her in');
    assert.equal(path, '/auth', 'and she is asked again');
    assert.match(text, /Stand-in for Google\. Not Google\./);
  });

  test('Strict for the sign-in attempt fails immediately', async () => {
    const { text } = await whereSignInEnds({ OAUTH2_PROXY_COOKIE_CSRF_SAMESITE: 'strict' });
    assert.match(text, /Unable to find a valid CSRF token/);
  });
});
