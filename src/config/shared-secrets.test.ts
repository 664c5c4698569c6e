// No secret is used for two purposes, and no message repeats one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from './load.ts';

test('no secret may be used twice, not even as a password in a URL', () => {
  const one = 'Zk3vQ9xT7mB1nL5cZk3vQ9xT7mB1nL5c8fWq';
  const hex = '0123456789abcdef'.repeat(4);
  const fit = { SECRET_KEY: hex, GATE_SECRET: one };
  const other = 'pR4tY8uI2oP6aS0dpR4tY8uI2oP6aS0dK3hJ';
  const table: [env: Record<string, string>, named: string | undefined][] = [
    [{}, undefined],
    [{ GATE_SECRET: hex }, 'GATE_SECRET'],
    [{ GATE_SECRET_FALLBACKS: one }, undefined],
    [{ GATE_SECRET_FALLBACKS: hex }, 'GATE_SECRET_FALLBACKS'],
    [{ OAUTH2_PROXY_COOKIE_SECRET: one }, 'OAUTH2_PROXY_COOKIE_SECRET'],
    [{ VAULT_PASSPHRASE: one }, 'VAULT_PASSPHRASE'],
    [{ REDIS_PASSWORD: one }, 'REDIS_PASSWORD'],
    [{ REDIS_PASSWORD: other, REDIS_URL: `redis://:${other}@redis:6379/0` }, undefined],
    [{ REDIS_URL: `redis+sentinel://u:${one}@a:1,b:2/m/0` }, 'REDIS_URL'],
    [{ NOTIFY_WEBHOOK_SECRET: one, NOTIFY_WEBHOOK_URL: 'https://ntfy.test/x' }, 'NOTIFY_WEBHOOK_SECRET'],
  ];
  for (const [env, named] of table) {
    const loaded = loadConfig({ env: { ...fit, ...env } });
    const problems = 'problems' in loaded ? loaded.problems : [];
    assert.deepEqual(
      problems.map(({ name }) => name),
      named === undefined ? [] : [named],
      JSON.stringify(Object.keys(env)),
    );
    for (const { message } of problems) {
      assert.match(message, /^holds the same secret as (SECRET_KEY|GATE_SECRET): /);
      assert.ok(!message.includes(one) && !message.includes(hex));
    }
  }
});
