// The rules between settings: each violation is reported under the name to correct, and the nearest allowed value is accepted.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { loadConfig } from './load.ts';

const secrets = {
  SECRET_KEY: randomBytes(32).toString('hex'),
  GATE_SECRET: randomBytes(32).toString('base64url'),
};

function check(env: Record<string, string>, refused: readonly string[]): void {
  const result = loadConfig({ env: { ...secrets, ...env } });
  const names = 'problems' in result ? result.problems.map(({ name }) => name) : [];
  assert.deepEqual(names, refused, JSON.stringify(env));
}

function configOf(env: Record<string, string>) {
  const result = loadConfig({ env: { ...secrets, ...env } });
  assert.ok('config' in result, JSON.stringify(result));
  return result.config;
}

const https = { PUBLIC_URL: 'https://desk.example.org' };

test('an alias is an origin, and not PUBLIC_URL itself', () => {
  check({ ...https, PUBLIC_URL_ALIASES: 'https://old.example.org, http://desk' }, []);
  const aliases = configOf({ ...https, PUBLIC_URL_ALIASES: 'https://Old.example.org:443,http://desk:8080' });
  assert.deepEqual(aliases.publicAliases, ['https://old.example.org', 'http://desk:8080']);
  assert.deepEqual(configOf(https).publicAliases, []);
  for (const PUBLIC_URL_ALIASES of [
    'https://desk.example.org',
    'http://old.example.org,https://DESK.example.org:443',
    'old.example.org',
    'https://old.example.org/path',
    'https://*.example.org',
    'ftp://old.example.org',
  ])
    check({ ...https, PUBLIC_URL_ALIASES }, ['PUBLIC_URL_ALIASES']);
});

test('__Host-Http- requires Secure and HttpOnly', () => {
  const prefixed = { ...https, COOKIE_PREFIX: '__Host-Http-' };
  assert.equal(configOf(prefixed).session.cookieName, '__Host-Http-session');
  assert.equal(configOf(prefixed).visitor.cookieName, '__Host-Http-visitor_session_id');
  check({ ...prefixed, SESSION_COOKIE_HTTPONLY: 'false' }, ['COOKIE_PREFIX']);
  check({ ...prefixed, SESSION_COOKIE_SECURE: 'false' }, ['COOKIE_PREFIX']);
  check({ PUBLIC_URL: 'http://desk.lan', COOKIE_PREFIX: '__Host-Http-' }, ['COOKIE_PREFIX']);
  const gate = { PUBLIC_URL: 'http://desk.lan', GATE_COOKIE_NAME: '__Http-_oauth2_proxy' };
  check(gate, ['GATE_COOKIE_NAME']);
});

test('DEV_MODE is accepted on this machine only', () => {
  const dev = { DEV_MODE: 'true' };
  for (const HOST of ['127.0.0.1', '::1', 'localhost', '127.1.2.3']) check({ ...dev, HOST }, []);
  for (const HOST of ['0.0.0.0', '::', '192.168.1.4', 'desk.example.org', '127.0.0.1.example.org']) {
    check({ ...dev, HOST }, ['DEV_MODE']);
  }
  check({ ...dev, NODE_ENV: 'production' }, ['DEV_MODE']);
  check({ ...dev, ...https }, ['DEV_MODE']);
  check({ ...dev, FUNNEL_HOSTNAME: 'desk.tail1234.ts.net' }, ['DEV_MODE']);
  check({ ...dev, PUBLIC_URL: 'http://localhost:3000' }, []);
  check({ ...dev, PUBLIC_URL: 'http://[::1]:3000' }, []);
  for (const DEV_MODE of ['TRUE', 'On', '1', 'yes']) check({ DEV_MODE, HOST: '0.0.0.0' }, ['DEV_MODE']);
  check({ DEV_MODE: 'maybe' }, ['DEV_MODE']);
  check({ DEV_MODE: 'false', HOST: '0.0.0.0', NODE_ENV: 'production', ...https }, []);
});

test('DEV_MODE generates missing secrets; without it they are required', () => {
  const made = loadConfig({ env: { DEV_MODE: 'true' } });
  assert.ok('config' in made);
  const again = loadConfig({ env: { DEV_MODE: 'true' } });
  assert.ok('config' in again && again.config.secretKeys[0] !== made.config.secretKeys[0]);
  assert.ok('problems' in loadConfig({ env: {} }));
});

test('Secure defaults to whether PUBLIC_URL is https', () => {
  const secure = configOf(https);
  assert.deepEqual([secure.ownCookies.secure, secure.session.cookieName], [true, '__Host-session']);
  assert.deepEqual([secure.gate.cookie.secure, secure.gate.cookie.name], [true, '__Host-_oauth2_proxy']);
  const plain = configOf({ PUBLIC_URL: 'http://desk.lan' });
  assert.deepEqual([plain.ownCookies.secure, plain.session.cookieName], [false, 'session']);
  assert.equal(
    configOf({ FUNNEL_HOSTNAME: 'Desk.tail1234.ts.net' }).publicOrigin,
    'https://desk.tail1234.ts.net',
  );
  assert.equal(
    configOf({ SESSION_COOKIE_SECURE: 'true' }).ownCookies.secure,
    true,
    'browsers keep it on localhost',
  );
  check({ PUBLIC_URL: 'http://desk.lan', SESSION_COOKIE_SECURE: 'true' }, ['SESSION_COOKIE_SECURE']);
  check({ PUBLIC_URL: 'http://desk.lan', OAUTH2_PROXY_COOKIE_SECURE: 'true' }, [
    'OAUTH2_PROXY_COOKIE_SECURE',
  ]);
});

test('prefixes and SameSite=None are refused without Secure', () => {
  check({ SESSION_COOKIE_SAMESITE: 'None' }, ['SESSION_COOKIE_SAMESITE']);
  check({ SESSION_COOKIE_SAMESITE: 'none', ...https }, []);
  check({ COOKIE_PREFIX: '__Host-' }, ['COOKIE_PREFIX']);
  check({ COOKIE_PREFIX: 'none', ...https }, []);
  check({ GATE_COOKIE_NAME: '__Host-gate' }, ['GATE_COOKIE_NAME']);
  check({ GATE_COOKIE_NAME: '__Host-gate', ...https }, []);
  check({ OAUTH2_PROXY_COOKIE_SAMESITE: 'none' }, ['OAUTH2_PROXY_COOKIE_SAMESITE']);
  check({ OAUTH2_PROXY_COOKIE_SAMESITE: 'none', ...https }, []);
});

test('values with which oauth2-proxy would not start are refused', () => {
  const name = 'OAUTH2_PROXY_COOKIE_REFRESH';
  check({ [name]: '168h' }, [name]);
  check({ [name]: '169h' }, [name]);
  check({ [name]: '167h59m' }, []);
  check({ [name]: '0' }, []);
  check({ OAUTH2_PROXY_COOKIE_EXPIRE: '604800' }, ['OAUTH2_PROXY_COOKIE_EXPIRE']);
  check({ OAUTH2_PROXY_COOKIE_SAMESITE: 'Lax' }, ['OAUTH2_PROXY_COOKIE_SAMESITE']);
  check({ OAUTH2_PROXY_COOKIE_SECURE: 'yes' }, ['OAUTH2_PROXY_COOKIE_SECURE']);
});

test('the three cookies need three names', () => {
  check({ SESSION_COOKIE_NAME: 'visitor_session_id' }, ['SESSION_COOKIE_NAME']);
  check({ SESSION_COOKIE_NAME: '_oauth2_proxy' }, ['SESSION_COOKIE_NAME']);
});

test('a Redis URL ends with a database or with nothing: anything else would select database 0', () => {
  const use = (REDIS_URL: string, found: string[]) => check({ SESSION_BACKEND: 'redis', REDIS_URL }, found);
  for (const end of ['', '/', '/0', '/15', '/3?family=6']) use(`redis://localhost:6379${end}`, []);
  for (const end of ['', '/', '/main', '/main/2']) use(`redis+sentinel://s1:26379${end}`, []);
  for (const end of ['', '/', '/0']) use(`redis+cluster://n1:1,n2:2${end}`, []);
  for (const end of ['/desk', '/9x', '/-1', '/1/2', '?db=3', '/0?keyPrefix=x:', '/1?family=6&db=2'])
    use(`redis://localhost:6379${end}`, ['REDIS_URL']);
  for (const end of ['/main/x', '/main/1/2', '/main?db=1'])
    use(`redis+sentinel://s1:26379${end}`, ['REDIS_URL']);
  for (const end of ['/1', '/x']) use(`redis+cluster://n1:1,n2:2${end}`, ['REDIS_URL']);
});

test('a key prefix ends with its only colon, so that no prefix is the beginning of another', () => {
  for (const REDIS_PREFIX of ['gatehouse:', 'desk2:', 'a.b-c_d:']) check({ REDIS_PREFIX }, []);
  for (const REDIS_PREFIX of ['desk2', 'gatehouse:desk2:', ':', 'a*:', 'a{b}:', 'a b:'])
    check({ REDIS_PREFIX }, ['REDIS_PREFIX']);
});

test('Redis on another machine needs TLS', () => {
  const near = [
    'redis://localhost:6379/0',
    'redis://:p%2Fw@redis:6379',
    'redis://127.0.0.1',
    'redis://[::1]:6379/0',
  ];
  near.push(
    'rediss://cache.example.org:6380',
    'redis+sentinel://s1:26379,s2:26379/mymaster/0',
    'redis+cluster://n1:1,n2:2',
  );
  const far = [
    'redis://cache.example.org',
    'redis://10.0.0.5:6379',
    'redis://[2001:db8::1]:6379/0',
    'redis://u:p@8.8.8.8',
  ];
  far.push(
    'redis+sentinel://s1:26379,far.example.org:26379/m/0',
    'redis+cluster://n1:7000,[2001:db8::2]:7001',
  );
  const broken = [
    'redis:localhost',
    'http://localhost',
    'redis://',
    'redis://a b',
    'redis://:p/w@redis',
    'REDIS://localhost',
  ];
  for (const REDIS_URL of near) check({ SESSION_BACKEND: 'redis', REDIS_URL }, []);
  for (const REDIS_URL of [...far, ...broken]) check({ SESSION_BACKEND: 'redis', REDIS_URL }, ['REDIS_URL']);
  for (const REDIS_URL of far) check({ REDIS_URL }, []);
});

test('origins, host names, whole numbers', () => {
  for (const PUBLIC_URL of [
    'https://desk.example.org/',
    'https://DESK.example.org:443',
    'https://bücher.example',
  ]) {
    assert.match(
      configOf({ PUBLIC_URL }).publicOrigin,
      /^https:\/\/(desk\.example\.org|xn--bcher-kva\.example)$/,
    );
  }
  for (const PUBLIC_URL of [
    'desk.example.org',
    'ftp://a',
    'https://a/b',
    'https://u@a',
    'https://:p@a',
    'https://a?b',
    'https://a#b',
  ]) {
    check({ PUBLIC_URL }, ['PUBLIC_URL']);
  }
  for (const FUNNEL_HOSTNAME of ['::1', '999.1.1.1', 'a b', '..', 'https://a']) {
    check({ FUNNEL_HOSTNAME, DEV_MODE: 'true' }, ['FUNNEL_HOSTNAME']);
  }
  for (const PORT of ['-1', '65536', '0x50', '1e3', '3000.5', 'http']) check({ PORT }, ['PORT']);
  check({ PORT: '9464' }, ['OPS_PORT']);
  check({ TRUSTED_HOPS: '0' }, ['TRUSTED_HOPS']);
  check({ SECRET_KEY_FALLBACKS: Array.from({ length: 11 }, () => randomBytes(32).toString('hex')).join() }, [
    'SECRET_KEY_FALLBACKS',
  ]);
});

test('the governor needs a limit, and oauth2-proxy’s sessions in Redis, wherever that is said', () => {
  const redis = { SESSION_BACKEND: 'redis', REDIS_URL: 'redis://127.0.0.1' };
  const on = { GATE_GOVERNOR: 'on', GATE_SESSION_STORE: 'redis', ...redis };
  const limits = [{ GATE_MAX_AGE: '168h' }, { GATE_MAX_IDLE: '12h' }, { GATE_MAX_SESSIONS: '3' }];
  check(on, ['GATE_GOVERNOR']);
  check({ ...on, GATE_GOVERNOR: 'dry-run' }, ['GATE_GOVERNOR']);
  check({ ...on, GATE_GOVERNOR: 'off' }, []);
  for (const limit of limits) {
    check({ ...on, ...limit }, []);
    check({ GATE_GOVERNOR: 'on', ...redis, ...limit }, []);
    check({ GATE_GOVERNOR: 'on', ...limit }, ['GATE_GOVERNOR']);
    check({ GATE_GOVERNOR: 'on', ...redis, GATE_SESSION_STORE: 'cookie', ...limit }, ['GATE_GOVERNOR']);
  }
});
