// Loading: where values come from; all problems are reported at once, by name, without a value.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Config } from './derive.ts';
import { formatProblems, loadConfig } from './load.ts';
import { profiles } from './profiles.ts';
import type { Problem } from './setting.ts';
import { settingNames } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-config-'));
after(() => rmSync(folder, { recursive: true }));

const secrets = {
  SECRET_KEY: randomBytes(32).toString('hex'),
  GATE_SECRET: randomBytes(32).toString('base64url'),
};

type Env = Record<string, string | undefined>;

function config(env: Env, envFile?: string): Config {
  const result = loadConfig({ env: { ...secrets, ...env }, ...(envFile && { envFile }) });
  assert.ok('config' in result, 'problems' in result ? formatProblems(result.problems) : '');
  return result.config;
}

function problems(env: Env, envFile?: string): readonly Problem[] {
  const result = loadConfig({ env: { ...secrets, ...env }, ...(envFile && { envFile }) });
  return 'problems' in result ? result.problems : [];
}

const names = (env: Env) => problems(env).map(({ name }) => name);

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

test('the two secrets are the only required settings', () => {
  const { session, visitor, gate, store, publicOrigin, production } = config({});
  assert.deepEqual(session, {
    cookieName: 'session',
    lifetimeMs: 604_800_000,
    idleMs: 86_400_000,
    rotateAfterMs: 900_000,
    maxPerUser: 10,
    binding: 'observe',
  });
  assert.equal(visitor.ttlMs, 7 * 86_400_000);
  assert.equal(gate.cookie.name, '_oauth2_proxy');
  assert.deepEqual(store, { kind: 'sqlite', dataDir: 'data' });
  assert.deepEqual([publicOrigin, production], ['http://localhost:4180', false]);
});

test('every problem is reported at once: of single settings and of the rules between them', () => {
  const found = names({
    SECRET_KEY: undefined,
    GATE_SECRET: 'changeme',
    PORT: '99999',
    SESSION_IDLE_TIMEOUT: 'soon',
    ADMIN_EMAILS: 'nobody',
    OAUTH2_PROXY_COOKIE_REFRESH: '168h',
    DEV_MODE: 'true',
    HOST: '0.0.0.0',
    PUBLIC_URL: 'https://desk.example.org',
    SESSION_COOKIE_SECURE: 'false',
    SESSION_COOKIE_SAMESITE: 'None',
    SESSION_BACKEND: 'redis',
    REDIS_URL: 'redis://cache.example.org:6379/0',
    NODE_ENV: 'production',
  });
  // DEV_MODE generates a missing SECRET_KEY, and is itself refused three times.
  const expected = [
    'ADMIN_EMAILS',
    'DEV_MODE',
    'DEV_MODE',
    'DEV_MODE',
    'GATE_SECRET',
    'OAUTH2_PROXY_COOKIE_REFRESH',
  ];
  expected.push('PORT', 'REDIS_URL', 'SESSION_COOKIE_SAMESITE', 'SESSION_IDLE_TIMEOUT');
  assert.deepEqual(found.toSorted(), expected);
});

test('a faulty setting causes no second problem', () => {
  assert.deepEqual(names({ OAUTH2_PROXY_COOKIE_EXPIRE: 'long', OAUTH2_PROXY_COOKIE_REFRESH: '300h' }), [
    'OAUTH2_PROXY_COOKIE_EXPIRE',
  ]);
  assert.deepEqual(
    names({ PUBLIC_URL: 'nowhere', SESSION_COOKIE_SAMESITE: 'None', NODE_ENV: 'production' }),
    ['PUBLIC_URL'],
  );
});

test('unfit secrets are refused by name, with the fix, and never shown', () => {
  const unfit = [
    'changeme',
    'Zk3vQ9xT',
    'your-secret-key-goes-here-your-secret-key-goes-here-1234567890abcdef',
    'ab'.repeat(40),
  ];
  const listed = ['SECRET_KEY', 'GATE_SECRET', 'SECRET_KEY_FALLBACKS', 'GATE_SECRET_FALLBACKS'];
  for (const name of listed) {
    for (const value of unfit) {
      const [problem, ...more] = problems({ [name]: value });
      assert.ok(problem && more.length === 0, `${name}=${value}`);
      assert.equal(problem.name, name);
      assert.match(problem.message, /generate-secrets\.ts|; remove it$/);
      assert.ok(!formatProblems([problem]).includes(value));
    }
    if (!name.endsWith('FALLBACKS')) assert.deepEqual(names({ [name]: undefined }), [name]);
  }
});

test('no message shows any value', () => {
  const marker = 'Hunter2/Zk3v Q9xT';
  for (const name of settingNames) {
    for (const variable of [name, `${name}_FILE`]) {
      const found = problems({
        [variable]: marker,
        SESSION_BACKEND: 'redis',
        ...(name === 'SESSION_BACKEND' && { [variable]: marker }),
      });
      assert.ok(!formatProblems(found).includes('Hunter2'), variable);
    }
  }
  for (const url of [
    'redis://:Hunter2/x.y@far.example:6379',
    'redis://a:Hunter2#@h',
    'redis://:Hunter2@8@h.example',
  ]) {
    const found = problems({ SESSION_BACKEND: 'redis', REDIS_URL: url });
    assert.deepEqual(
      found.map(({ name }) => name),
      ['REDIS_URL'],
    );
    assert.ok(!formatProblems(found).includes('Hunter2'), url);
  }
});

test('in production, placeholders for the secrets of oauth2-proxy and Redis are refused too', () => {
  const production = { NODE_ENV: 'production', PUBLIC_URL: 'https://desk.example.org' };
  for (const name of ['OAUTH2_PROXY_COOKIE_SECRET', 'REDIS_PASSWORD']) {
    assert.deepEqual(names({ ...production, [name]: 'changemechangemechangemechangeme' }), [name]);
    assert.deepEqual(names({ [name]: 'changeme' }), [], 'development');
  }
  assert.deepEqual(names(production), []);
  assert.deepEqual(names({ NODE_ENV: 'production' }), ['PUBLIC_URL']);
});

test('NAME_FILE reads a value from a file', () => {
  const key = randomBytes(32).toString('hex');
  const path = file('key', `${key}\n`);
  assert.deepEqual(config({ SECRET_KEY: undefined, SECRET_KEY_FILE: path }).secretKeys, [key]);
  assert.deepEqual(names({ SECRET_KEY_FILE: path }), ['SECRET_KEY'], 'both set');
  assert.deepEqual(names({ SECRET_KEY: '', SECRET_KEY_FILE: path }), [], 'empty is unset');
  assert.deepEqual(names({ SECRET_KEY_FILE: ' ' }), [], 'empty is unset');
  assert.deepEqual(names({ DATA_DIR_FILE: join(folder, 'missing') }), ['DATA_DIR_FILE']);
  assert.deepEqual(names({ DATA_DIR_FILE: folder }), ['DATA_DIR_FILE'], 'a folder');
  assert.deepEqual(names({ SECRET_KEY_FALLBACKS_FILE: file('empty', '\n') }), [], 'an empty file is unset');
  const unfit = file('unfit', 'changeme\n');
  assert.deepEqual(names({ SECRET_KEY: undefined, SECRET_KEY_FILE: unfit }), ['SECRET_KEY']);
});

test('the environment wins over .env, unless it is empty', () => {
  const path = file('a.env', 'PORT=4000\nOPS_PORT="4001" # ops\nLOG_LEVEL=\n');
  assert.equal(config({}, path).port, 4000);
  assert.equal(config({ PORT: '5000' }, path).port, 5000);
  assert.equal(config({ PORT: '' }, path).port, 4000);
  assert.deepEqual([config({}, path).opsPort, config({}, path).logLevel], [4001, 'info']);
  assert.equal(config({}, join(folder, 'missing.env')).port, 3000);
  assert.equal(problems({}, folder)[0]?.name, folder);
});

test('NODE_ENV is read from the environment and from .env', () => {
  const path = file('production.env', 'NODE_ENV=production\nDEV_MODE=true\n');
  assert.deepEqual(
    problems({}, path).map(({ name }) => name),
    ['DEV_MODE'],
  );
});

test('profiles set defaults, and a variable that is set wins', () => {
  const { session, gate, ownCookies } = config({ SECURITY_PROFILE: 'high' });
  assert.deepEqual([session.lifetimeMs, session.idleMs], [3_600_000, 900_000]);
  assert.deepEqual([gate.cookie.expireMs, gate.cookie.refreshMs], [86_400_000, 3_600_000]);
  assert.equal(gate.cookie.sameSite, profiles.high['OAUTH2_PROXY_COOKIE_SAMESITE']);
  assert.equal(ownCookies.sameSite, 'strict');
  assert.equal(config({ SECURITY_PROFILE: 'convenience' }).gate.cookie.refreshMs, 0);
  assert.equal(config({ SECURITY_PROFILE: 'development' }).logLevel, 'debug');
  assert.equal(config({ SECURITY_PROFILE: 'high', SESSION_IDLE_TIMEOUT: '60' }).session.idleMs, 60_000);
  assert.deepEqual(names({ SECURITY_PROFILE: 'paranoid' }), ['SECURITY_PROFILE']);
  for (const profile of Object.keys(profiles)) assert.deepEqual(names({ SECURITY_PROFILE: profile }), []);
});

test('Confluence’s address has no account in it and its token fits a header; messages repeat neither', () => {
  for (const CONFLUENCE_URL of [
    'https://ada:planted-secret@wiki.example.org/x',
    'https://wiki.example.org/x?planted-secret',
    'https://wiki.example.org/x#planted-secret',
  ]) {
    const found = problems({ CONFLUENCE_URL });
    assert.deepEqual(
      found.map(({ name }) => name),
      ['CONFLUENCE_URL'],
    );
    assert.doesNotMatch(formatProblems(found), /planted/);
  }
  const found = problems({ CONFLUENCE_API_TOKEN: 'planted‑secret' });
  assert.deepEqual(
    found.map(({ name }) => name),
    ['CONFLUENCE_API_TOKEN'],
  );
  assert.doesNotMatch(formatProblems(found), /planted/);
  const { confluence } = config({
    CONFLUENCE_URL: 'https://wiki.example.org/@x/',
    CONFLUENCE_API_TOKEN: 'a+/=_-.',
  });
  assert.equal(confluence.url, 'https://wiki.example.org/@x');
});
