// What happens to requests after a revocation, through the real oauth2-proxy, to an app that refuses what was ended. With sessions in the
// gate's cookie: what is cut off and what is not.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import express from 'express';
import { waitFor } from '../demo/child.ts';
import { accounts } from '../demo/google.ts';
import { createCookieRevocation } from '../src/gate/cookie-revocation.ts';
import { readGateCookie } from '../src/gate/cookie-value.ts';
import { requirePerson } from '../src/gate/identity.ts';
import { createGatePaths } from '../src/gate/paths.ts';
import { createRedisRevocation } from '../src/gate/redis-revocation.ts';
import { inspectGate, refuseEnded } from '../src/gate/refuse-ended.ts';
import type { GateLink, GateRevocation } from '../src/gate/revocation.ts';
import { errorHandler } from '../src/http/errors.ts';
import { createLogger } from '../src/http/log.ts';
import { prepareFrame } from '../src/http/page.ts';
import { createHttpServer, drain, listen } from '../src/http/server.ts';
import { connectRedis, type RedisClient } from '../src/store/redis-client.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { type Client, createClient } from './support/client.ts';
import { type GateOnly, startGateOnly } from './support/gate-only.ts';
import { logEvents } from './support/recorder.ts';
import { type PrivateRedis, startRedis } from './support/redis.ts';
import { need } from './support/requirement.ts';

const cookieName = '_oauth2_proxy';
const gateSecret = 'a'.repeat(32);
const [ada, grace] = accounts.map(({ sub, email }) => ({ id: sub, email }));
assert.ok(ada && grace);

// Awaited before any suite is declared, so that none is missed.
const needs = {
  redis: await need('oauth2-proxy', 'redis-server'),
  cookie: await need('oauth2-proxy'),
};

/** The gate in front of an app that reports how it judged each request, and guards everything but `/other`. */
async function startGuarded(kind: 'cookie' | 'redis') {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-guarded-'));
  const store = openSqliteStore(folder);
  const logLines: string[] = [];
  const logger = createLogger('info', { write: (line) => void logLines.push(line) });
  const recorder = logEvents(logger);
  const redisServer: PrivateRedis | undefined = kind === 'redis' ? await startRedis() : undefined;
  const redis: RedisClient | undefined = redisServer && connectRedis(redisServer.url, () => {});
  const deps = { cookieName, expireMs: 604_800_000, notes: store.notes, claims: store.claims, now: Date.now };
  const revocation: GateRevocation = redis
    ? createRedisRevocation({ ...deps, redis, wait: () => new Promise(() => {}), logger, recorder })
    : createCookieRevocation(deps);

  const app = express();
  const paths = createGatePaths(false);
  app.use(prepareFrame({ asset: (name) => name, devMode: false, signInPath: '/' }));
  app.get('/signed-out', (_req, res) => void res.send('signed out'));
  app.use(
    requirePerson({
      secrets: () => [gateSecret],
      noteFormer: () => {},
      operators: new Set(),
      cookieName,
      devMode: false,
      paths,
      recorder,
    }),
  );
  app.get('/other', (_req, res) => void res.send('another app'));
  app.use(inspectGate({ revocation, paths, recorder }), refuseEnded({ revocation, paths, recorder }));
  app.use((_req, res) => void res.json(res.locals.gate));
  app.use(errorHandler(logger));
  const server = createHttpServer(app, logger);
  const appUrl = `http://127.0.0.1:${await listen(server, 0, '127.0.0.1')}`;

  const world: GateOnly = await startGateOnly({
    upstream: appUrl,
    gateSecret,
    refresh: '2s',
    ...(redisServer && { redisUrl: redisServer.url }),
  });
  const linkOf = async (device: Client) => {
    const link = (await device.ask('/api/gate')).json<GateLink | { state: 'none' | 'unverified' }>();
    assert.ok(link.state === 'cookie' || link.state === 'verified', JSON.stringify(link));
    return link;
  };
  return {
    world,
    revocation,
    redis,
    redisServer,
    appUrl,
    logLines,
    linkOf,
    async signedIn(person = ada) {
      const device = world.client();
      assert.equal((await device.signIn(person?.email ?? '')).status, 200);
      return { device, link: await linkOf(device) };
    },
    async close() {
      await world.close();
      await drain(server, 100);
      redis?.disconnect();
      await redisServer?.close();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Somebody else's machine with the same cookies. */
function copyOf(device: Client, world: GateOnly): Client {
  const copy = createClient(world.gate.publicUrl);
  for (const [name, value] of device.cookies) copy.cookies.set(name, value);
  return copy;
}

const page = { headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' } };
const signOutFirst = /^\/oauth2\/sign_out\?rd=%2Foauth2%2Fstart/;

/** Follows redirects within this site, as a browser does, until one leads to Google. */
async function follow(device: Client, path: string): Promise<string> {
  let next = path;
  for (let hop = 0; hop < 8; hop++) {
    const answer = await device.ask(next, page);
    if (answer.location === undefined) return `${answer.status}`;
    if (!answer.location.startsWith('/')) return 'Google';
    next = answer.location;
  }
  return 'round in circles';
}

/** Waits for the next second to begin: the gate's cookie only has whole seconds. */
const nextSecond = () => {
  const second = Math.floor(Date.now() / 1000);
  return waitFor('the next second', () => Math.floor(Date.now() / 1000) > second);
};

/** Makes the session old enough for the gate to refresh it on the next request. */
const refreshDue = (device: Client) => {
  const cookie = readGateCookie(
    { headers: { cookie: `${cookieName}=${device.cookies.get(cookieName)}` } },
    cookieName,
  );
  const at = typeof cookie === 'object' ? cookie.issuedAt : 0;
  return waitFor('a refresh to be due', () => Date.now() > at + 4_200);
};

for (const kind of ['redis', 'cookie'] as const) {
  suite(`after an ending, sessions in ${kind}`, needs[kind], () => {
    let guarded: Awaited<ReturnType<typeof startGuarded>>;
    before(async () => {
      guarded = await startGuarded(kind);
    });
    after(() => guarded.close());

    test('the next click leads to Google’s sign-in, a script gets 401, the other browser stays signed in', async () => {
      const [a, b] = [await guarded.signedIn(), await guarded.signedIn()];
      await guarded.revocation.end({ handle: `${kind}-a`, link: a.link });
      assert.equal((await a.device.ask('/api/x')).status, 401);
      assert.equal(await follow(a.device, '/dashboard'), 'Google');
      assert.equal((await b.device.ask('/api/x')).status, 200);
      assert.equal((await a.device.signIn(ada.email)).status, 200);
      assert.equal((await a.device.ask('/api/x')).status, 200);
    });

    test('all of a person: every browser is refused, and a new sign-in is admitted', async () => {
      const [a, b, g] = [await guarded.signedIn(), await guarded.signedIn(), await guarded.signedIn(grace)];
      await guarded.revocation.endPerson(ada.id, [{ handle: `${kind}-all`, link: a.link }]);
      for (const { device } of [a, b]) assert.equal(await follow(device, '/dashboard'), 'Google');
      assert.equal((await g.device.ask('/api/x')).status, 200);
      await nextSecond();
      assert.equal((await b.device.signIn(ada.email)).status, 200);
    });

    test('a click that triggers a refresh is refused too, and leaves nothing in the browser', async () => {
      const { device, link } = await guarded.signedIn();
      await guarded.revocation.end({ handle: `${kind}-click`, link });
      await refreshDue(device);
      assert.equal(await follow(device, '/dashboard'), 'Google');
      assert.equal(device.cookies.has(cookieName), false);
    });

    test('a missing or unrecognised gate cookie: the request continues, marked as such', async () => {
      const headers = {
        authorization: `Basic ${Buffer.from(`${ada.id}:${gateSecret}`).toString('base64')}`,
        'x-forwarded-user': ada.id,
        'x-forwarded-email': ada.email,
      };
      const direct = createClient(guarded.appUrl, { headers });
      assert.deepEqual((await direct.ask('/api/x')).json(), { state: 'none' });
      for (const value of ['x', 'x|1|y|z', 'a'.repeat(8000)]) {
        direct.cookies.set(cookieName, value);
        assert.deepEqual((await direct.ask('/api/x')).json(), { state: 'unverified' });
      }
    });

    test('the texts of the receipt and the page', async () => {
      const { link } = await guarded.signedIn();
      const receipt = await guarded.revocation.end({ handle: `${kind}-receipt`, link });
      assert.equal(receipt.gate, kind === 'redis' ? 'ended' : 'refused here');
      assert.deepEqual(await guarded.revocation.receiptOf(`${kind}-receipt`), receipt);
      assert.equal(await guarded.revocation.receiptOf('nobody'), undefined);
      assert.equal((await guarded.revocation.end({ handle: `${kind}-untied` })).gate, 'unknown');
      assert.match(guarded.revocation.cannotReach, /behind (?:it|the same gate)/);
    });
  });
}

suite('the person in the gate’s session, sessions in Redis', needs.redis, () => {
  let guarded: Awaited<ReturnType<typeof startGuarded>>;
  before(async () => {
    guarded = await startGuarded('redis');
  });
  after(() => guarded.close());

  test('a session that names another person than the headers gives no identity', async () => {
    const { device } = await guarded.signedIn(grace);
    const forged = createClient(guarded.appUrl, {
      headers: {
        authorization: `Basic ${Buffer.from(`${ada.id}:${gateSecret}`).toString('base64')}`,
        'x-forwarded-user': ada.id,
        'x-forwarded-email': ada.email,
      },
    });
    for (const [name, value] of device.cookies) forged.cookies.set(name, value);
    const answer = await forged.ask('/api/x');
    assert.equal(answer.status, 400);
    assert.equal(answer.json<{ error: { code: string } }>().error.code, 'bad_identity');
    assert.ok(guarded.logLines.some((line) => line.includes('gate.untrusted')));
  });

  test('a kept copy of the cookie is useless everywhere', async () => {
    const { device, link } = await guarded.signedIn();
    const copy = copyOf(device, guarded.world);
    await guarded.revocation.end({ handle: 'copy', link });
    for (const path of ['/dashboard', '/other']) assert.equal((await copy.ask(path, page)).status, 302, path);
  });

  test('neither the ticket nor the cookie is logged', async () => {
    const { device, link } = await guarded.signedIn();
    await guarded.revocation.end({ handle: 'log', link });
    await follow(device, '/dashboard');
    const log = guarded.logLines.join('');
    assert.ok(log.includes('gate.ended'));
    assert.ok(link.state === 'verified' && !log.includes(link.key));
  });
});

suite('sessions in the gate’s cookie: what is cut off and what is not', needs.cookie, () => {
  let guarded: Awaited<ReturnType<typeof startGuarded>>;
  before(async () => {
    guarded = await startGuarded('cookie');
  });
  after(() => guarded.close());

  test('cut off here: a kept copy of the cookie, in every spelling that the gate accepts', async () => {
    const { device, link } = await guarded.signedIn();
    const value = device.cookies.get(cookieName) ?? '';
    await guarded.revocation.end({ handle: 'spelt', link });
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = value.at(-2) ?? '';
    const otherSignature = `${value.slice(0, -2)}${alphabet[alphabet.indexOf(last) ^ 1]}=`;
    const half = Math.floor(value.length / 2);
    const spellings: Record<string, string>[] = [
      { [cookieName]: value },
      { [cookieName]: otherSignature },
      { [cookieName]: `"${value}"` },
      { [`${cookieName}_0`]: value.slice(0, half), [`${cookieName}_1`]: value.slice(half) },
      { [cookieName]: value, [`${cookieName}_0`]: 'junk' },
    ];
    for (const spelling of spellings) {
      const thief = createClient(guarded.world.gate.publicUrl);
      for (const [name, text] of Object.entries(spelling)) thief.cookies.set(name, text);
      assert.equal((await thief.ask('/other')).status, 200, 'the gate takes it');
      assert.equal((await thief.ask('/api/x')).status, 401, Object.keys(spelling).join());
      assert.match((await thief.ask('/dashboard', page)).location ?? '', signOutFirst);
    }
  });

  test('not cut off: another app behind the same gate still accepts the cookie', async () => {
    const { device, link } = await guarded.signedIn();
    await guarded.revocation.end({ handle: 'other', link });
    assert.equal((await device.ask('/other')).text, 'another app');
  });

  test('not cut off: a copy that the gate refreshes looks like a new sign-in', async () => {
    const { device, link } = await guarded.signedIn();
    const thief = copyOf(device, guarded.world);
    await guarded.revocation.endPerson(ada.id, [{ handle: 'renewed', link }]);
    await refreshDue(device);
    assert.match((await thief.ask('/dashboard', page)).location ?? '', signOutFirst, 'refused this time');
    assert.equal((await thief.ask('/api/x')).status, 200, 'but the refusal carried a new cookie');
  });

  test('cut off everywhere: an address that is removed from the list', async () => {
    const { device } = await guarded.signedIn(grace);
    guarded.world.allow([ada.email]);
    await waitFor('the refusal', async () => (await device.ask('/other')).status === 403);
  });

  test('without cookie_secret no cookie can be forged, as only requests with the gate’s proof are accepted', async () => {
    const { device, link } = await guarded.signedIn();
    await guarded.revocation.end({ handle: 'forged', link });
    const [payload, seconds = '', signature] = device.cookies.get(cookieName)?.split('|') ?? [];
    device.cookies.set(cookieName, `${payload}|${Number(seconds) + 1}|${signature}`);
    assert.equal((await device.ask('/api/x')).status, 401);
    assert.equal(device.cookies.has(cookieName), false, 'the gate threw it away');
  });
});
