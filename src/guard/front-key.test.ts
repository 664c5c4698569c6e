// The key of an app: one for each app, version and SECRET_KEY, accepted in constant time and under former keys.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeyring } from '../crypto/keyring.ts';
import type { Apps, GuardedApp } from './contract.ts';
import { appOfKey, frontKey } from './front-key.ts';

function app(name: string, keyVersion = 1): GuardedApp {
  return {
    name,
    title: name,
    origin: `https://${name}.test`,
    who: [],
    publicPaths: [],
    headers: { userIs: 'email' },
    keyVersion,
  };
}

const appsOf = (...apps: readonly GuardedApp[]): Apps => ({
  apps: new Map(apps.map((one) => [one.name, one])),
  groups: new Map(),
});

test('a key belongs to one app and one version', () => {
  const keyring = createKeyring(['secret']);
  const [wiki, files] = [app('wiki'), app('files')];
  const apps = appsOf(wiki, files);
  const key = frontKey(keyring, wiki);
  assert.match(key, /^[\w-]{43}$/);
  assert.notEqual(key, frontKey(keyring, files));
  assert.equal(appOfKey(keyring, apps, key), wiki);
  assert.equal(appOfKey(keyring, apps, key), wiki);
  assert.equal(appOfKey(keyring, apps, frontKey(keyring, app('wiki', 2))), undefined);
  assert.equal(appOfKey(keyring, apps, frontKey(createKeyring(['other']), wiki)), undefined);
  assert.equal(appOfKey(keyring, apps, frontKey(keyring, app('gone'))), undefined);
  for (const wrong of ['', `${key}=`, `${key}, ${key}`, key.toLowerCase(), ` ${key}`, key.slice(1)])
    assert.equal(appOfKey(keyring, apps, wrong), undefined, wrong);
});

test('the name and the version cannot run into each other', () => {
  const keyring = createKeyring(['secret']);
  assert.notEqual(frontKey(keyring, app('wiki1', 1)), frontKey(keyring, app('wiki', 11)));
});

test('a key of a former SECRET_KEY is accepted, and each use of it is noted', () => {
  const noted: string[] = [];
  const keyring = createKeyring(['new', 'old'], (secret) => noted.push(secret));
  const wiki = app('wiki');
  const [apps, key] = [appsOf(wiki), frontKey(createKeyring(['old']), wiki)];
  assert.equal(appOfKey(keyring, apps, key), wiki);
  assert.equal(appOfKey(keyring, apps, key), wiki);
  assert.deepEqual(noted, ['old', 'old']);
});

test('what was accepted is forgotten when the keys or the apps change', () => {
  const keyring = createKeyring(['first']);
  const wiki = app('wiki');
  const apps = appsOf(wiki);
  const key = frontKey(keyring, wiki);
  assert.equal(appOfKey(keyring, apps, key), wiki);
  assert.equal(appOfKey(keyring, appsOf(app('wiki', 2)), key), undefined);
  assert.equal(appOfKey(keyring, appsOf(), key), undefined);
  assert.equal(appOfKey(createKeyring(['second']), apps, key), undefined);
  assert.equal(appOfKey(keyring, apps, key), wiki);
  keyring.replace(['second']);
  assert.equal(appOfKey(keyring, apps, key), undefined);
});

test('a key that is known is found without computing anything', () => {
  const keyring = createKeyring(['secret']);
  const apps = appsOf(app('a'), app('b'), app('wiki'));
  const key = frontKey(keyring, app('wiki'));
  let verified = 0;
  const counting = {
    generation: keyring.generation,
    verify: (...args: Parameters<typeof keyring.verify>) => {
      verified += 1;
      return keyring.verify(...args);
    },
  };
  assert.equal(appOfKey(counting, apps, key)?.name, 'wiki');
  assert.equal(verified, 3);
  assert.equal(appOfKey(counting, apps, key)?.name, 'wiki');
  assert.equal(verified, 3);
});
