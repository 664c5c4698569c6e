// Which names in a .env file count as a misspelt setting, and which do not.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'dotenv';
import fc from 'fast-check';
import { envExample } from './documents.ts';
import { loadConfig } from './load.ts';
import { findMisspelt } from './misspelt.ts';
import { settingNames } from './settings.ts';

for (const [name, meant] of [
  ['GATE_SECERT', 'GATE_SECRET'],
  ['GATE_SECRET_FALLBACK', 'GATE_SECRET_FALLBACKS'],
  ['gate_secret', 'GATE_SECRET'],
  ['ADMIN-EMAILS', 'ADMIN_EMAILS'],
  ['ADMIN_EMAIL', 'ADMIN_EMAILS'],
  ['PUBLIC_ULR', 'PUBLIC_URL'],
  ['SESSION_IDLE_TIMOUT', 'SESSION_IDLE_TIMEOUT'],
  ['OAUTH2_PROXY_CLIENT_SECERT', 'OAUTH2_PROXY_CLIENT_SECRET'],
  ['SECRET_KEY_FIEL', 'SECRET_KEY_FILE'],
  ['PROT', 'PORT'],
] as const)
  test(`${name} is recognised as ${meant}`, () => assert.deepEqual(findMisspelt([name]), [{ name, meant }]));

test('settings, variables of other programs and unrelated names are left alone', () => {
  const others = [
    'COMPOSE_FILE',
    'COMPOSE_PROJECT_NAME',
    'NODE_ENV',
    'TZ',
    'HTTPS_PROXY',
    'OAUTH2_PROXY_COOKIE_NAME',
    'OAUTH2_PROXY_COOKIE_PATH',
    'OAUTH2_PROXY_COOKIE_DOMAINS',
    'OAUTH2_PROXY_BASIC_AUTH_PASSWORD',
    'OAUTH2_PROXY_REDIS_CONNECTION_URL',
    'OAUTH2_PROXY_REDEEM_URL',
    'OAUTH2_PROXY_SCOPE',
    'MY_OWN_TOKEN',
    'DATABASE_URL',
    'SMTP_HOST',
    '',
  ];
  assert.deepEqual(findMisspelt([...others, ...Object.keys(parse(envExample()))]), []);
  assert.deepEqual(findMisspelt(settingNames.flatMap((name) => [name, `${name}_FILE`])), []);
});

test('property: two swapped letters in a long name are found, and no name makes it throw', () => {
  const long = settingNames.filter((name) => name.length >= 8);
  fc.assert(
    fc.property(fc.constantFrom(...long), fc.nat(), (name, n) => {
      const at = n % (name.length - 1);
      const swapped = name.slice(0, at) + name[at + 1] + name[at] + name.slice(at + 2);
      if (swapped !== name && !settingNames.some((one) => one === swapped))
        assert.equal(findMisspelt([swapped]).length, 1, swapped);
    }),
  );
  fc.assert(fc.property(fc.array(fc.string()), (names) => void findMisspelt(names)));
});

test('the loader reports them with the settings or with the problems, by name only', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-misspelt-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const envFile = join(folder, '.env');
  const value = 'Zk3vQ9xT7mB1nL5cR8wE2yU6iO4pA0sD';
  writeFileSync(envFile, `SECRET_KEY=${'0123456789abcdef'.repeat(4)}\nGATE_SECERT=${value}\n`);
  const warnings = [
    {
      name: 'GATE_SECERT',
      message: 'is not a setting, so its line in .env does nothing; did you mean GATE_SECRET?',
    },
  ];
  const refused = loadConfig({ env: {}, envFile });
  assert.ok('problems' in refused);
  assert.deepEqual(refused.warnings, warnings);
  assert.ok(!JSON.stringify(refused).includes(value));
  const env = { GATE_SECRET: value, GATE_SECERT: 'in the environment, where names of others are expected' };
  assert.deepEqual(loadConfig({ env, envFile }).warnings, warnings);
  assert.deepEqual(loadConfig({ env: { ...env, SECRET_KEY: 'f'.repeat(64) } }).warnings, []);
});
