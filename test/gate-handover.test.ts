// Checks what docs/secrets.md says about a new cookie secret at the gate against the real binary: its session in Redis is not encrypted
// with that secret, so a ticket with a new signature still works, and one without it is refused.
import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import { startGate } from '../demo/gate.ts';
import { mustHave, need } from './support/requirement.ts';
import { startWorld } from './support/world.ts';

/** Signs as the gate does (pkg/encryption SignedValue): over the cookie's name, its payload and its time. */
function signed(name: string, payload: string, issuedAt: string, secret: string): string {
  const mac = createHmac('sha256', secret).update(name).update(payload).update(issuedAt).digest('base64');
  return `${payload}|${issuedAt}|${mac.replaceAll('+', '-').replaceAll('/', '_')}`;
}

suite('a new cookie secret at the gate', await need('oauth2-proxy', 'redis-server'), () => {
  test('a ticket that is signed again stays valid, under the same or another name; the previous one is refused', async () => {
    const world = await startWorld({ gateStore: 'redis' });
    try {
      const device = world.client();
      assert.equal((await device.signIn('ada@example.org')).status, 200);
      const { cookieName, cookieSecret } = world.gate;
      const cookie = device.cookies.get(cookieName) ?? '';
      const [payload = '', issuedAt = ''] = cookie.split('|');
      assert.equal(signed(cookieName, payload, issuedAt, cookieSecret), cookie);
      for (const name of [cookieName, `${cookieName}_next`]) {
        const secret = randomBytes(32).toString('base64url');
        const gate = await startGate({
          binary: await mustHave('oauth2-proxy'),
          upstream: world.appUrl,
          google: world.google,
          emailsFile: world.emailsFile,
          gateSecret: world.gateSecret,
          cookieName: name,
          cookieSecret: secret,
          ...(world.redis && { redisUrl: world.redis.url }),
        });
        const ask = async (value: string) => {
          const headers = { cookie: `${name}=${value}` };
          return (await fetch(`${gate.origin}/oauth2/auth`, { headers, redirect: 'manual' })).status;
        };
        assert.equal(await ask(cookie), 401);
        assert.equal(await ask(signed(name, payload, issuedAt, secret)), 202);
        await gate.close();
      }
    } finally {
      await world.close();
    }
  });
});
