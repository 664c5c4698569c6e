// Admission over HTTP: who gets a session, who is told to try again, and what a response sets.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import express from 'express';
import { createClient } from '../../../test/support/client.ts';
import { createKeyring } from '../../crypto/keyring.ts';
import { createAllowances } from '../../http/allowances.ts';
import { errorHandler } from '../../http/errors.ts';
import { createLogger } from '../../http/log.ts';
import { prepareFrame } from '../../http/page.ts';
import { createRateCounters } from '../../http/rate-counters.ts';
import { createHttpServer, drain, listen } from '../../http/server.ts';
import type { SessionTable } from '../../store/contract-sessions.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import { admitSession, keepSessionOnError } from './admit.ts';
import { ExpressStore } from './express-store.ts';
import type { AdmitOptions } from './options.ts';
import { changeableSession, sessionOf } from './request-session.ts';

const began = 1_750_000_000_000;
const minute = 60_000;
const ada = { id: '1', email: 'ada@example.org', operator: false };
const [present, former] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')];
const limits = { lifetimeMs: 10 * 60 * minute, idleMs: 60 * minute };
const page = { accept: 'text/html' };
const fromElsewhere = { ...page, 'sec-fetch-site': 'cross-site' };

async function setUp(
  t: TestContext,
  more: Partial<AdmitOptions> = {},
  changed: (table: SessionTable) => Partial<SessionTable> = () => ({}),
) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-admit-'));
  const plain = openSqliteStore(folder);
  const store = { ...plain, sessions: { ...plain.sessions, ...changed(plain.sessions) } };
  const world = { now: began };
  const now = () => world.now;
  const cookie = { secure: false, httpOnly: true, sameSite: 'lax' } as const;
  const owners: string[] = [];
  const links: string[] = [];
  const options: AdmitOptions = {
    store,
    expressStore: new ExpressStore({ table: store.sessions, limits, cookie, now }),
    keyring: createKeyring([present, former]),
    limits,
    now,
    recorder: { note: () => {}, write: async () => {} },
    signInNameOf: () => undefined,
    allow: createAllowances({
      enabled: false,
      most: { network: 1, person: 1, changes: 1, guard: 1, 'guard-codes': 1 },
      counters: createRateCounters(undefined),
    }),
    maxPerUser: 0,
    isThisBrowser: () => false,
    endHere: async () => true,
    endSession: async () => {},
    notifyNewDevice: () => {},
    replaceVisitor: async () => ({}),
    cookieName: 'session',
    cookie,
    addressOf: async () => undefined,
    rotateAfterMs: 0,
    binding: 'off',
    refuseEndedAtGate: (_req, _res, next) => next(),
    notifyReplay: () => {},
    isNewSignIn: () => false,
    isNewGateLink: () => false,
    keepGateLink: (_res, { handle }) => void links.push(handle),
    rememberOwner: (_res, { handle }) => void owners.push(handle),
    signInAgain: (path) => `/again?${path}`,
    ...more,
  };
  const logger = createLogger('silent');
  const app = express()
    .use(prepareFrame({ asset: (name) => name, devMode: false, signInPath: '/' }))
    .use((_req, res, next) => {
      res.locals.person = ada;
      next();
    })
    .use(...admitSession(options))
    .post('/fail', (req) => {
      changeableSession(req).staySignedIn = false;
      throw new Error('a defect');
    })
    .use((_req, res) => {
      res.json({ handle: sessionOf(res).handle, isNew: res.locals.isNewSession });
    })
    .use(keepSessionOnError)
    .use(errorHandler(logger));
  const server = createHttpServer(app, logger);
  const port = await listen(server, 0, '127.0.0.1');
  t.after(async () => {
    await drain(server, 100);
    await plain.close();
    rmSync(folder, { recursive: true });
  });
  return { store: plain, world, owners, links, browser: () => createClient(`http://localhost:${port}`) };
}

const known = (handle: string) => ({ handle, isNew: false });

test('a page without a session begins one, later requests continue it, and its owner is remembered each time', async (t) => {
  const { world, browser, owners, links } = await setUp(t);
  const ada = browser();
  const first = await ada.ask('/dashboard', { headers: page });
  const { handle, isNew } = first.json<{ handle: string; isNew: boolean }>();
  assert.equal(isNew, true);
  assert.deepEqual((await ada.ask('/dashboard', { headers: page })).json(), known(handle));
  world.now += 2 * minute;
  // Now the time of its last use is written, so it is read in another way.
  assert.deepEqual((await ada.ask('/api/me')).json(), known(handle));
  assert.deepEqual((await ada.ask('/change', { method: 'POST' })).json(), known(handle));
  assert.deepEqual(owners, [handle, handle, handle, handle]);
  assert.deepEqual(links, [handle, handle, handle], 'a request that only reads keeps no link');
});

test('only a page begins a session: a script and a change are refused and get no cookie', async (t) => {
  const { browser, owners } = await setUp(t);
  for (const [path, options] of [
    ['/api/me', {}],
    ['/dashboard', { method: 'POST', headers: page }],
    ['/dashboard', { headers: { ...page, 'sec-fetch-mode': 'cors' } }],
  ] as const) {
    const answer = await browser().ask(path, options);
    assert.equal(answer.status, 401);
    assert.deepEqual(answer.setCookies, []);
  }
  assert.deepEqual(owners, []);
});

test('two session cookies are refused, and the browser forgets them', async (t) => {
  const { browser } = await setUp(t);
  const answer = await browser().ask('/dashboard', { headers: { ...page, cookie: 'session=a; session=b' } });
  assert.equal(answer.status, 400);
  assert.deepEqual(answer.setCookies, ['session=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax']);
});

test('with SameSite=Strict a click from another site without a cookie is repeated from here, and begins no session', async (t) => {
  const strict = { secure: false, httpOnly: true, sameSite: 'strict' } as const;
  const { browser, owners } = await setUp(t, { cookie: strict });
  const answer = await browser().ask('/dashboard', { headers: fromElsewhere });
  assert.match(answer.text, /http-equiv="refresh"/);
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.deepEqual([answer.setCookies, owners], [[], []]);
  for (const headers of [page, { ...fromElsewhere, cookie: 'session=unsigned' }])
    assert.equal((await browser().ask('/dashboard', { headers })).json<{ isNew: boolean }>().isNew, true);
  const lax = await setUp(t);
  const begun = await lax.browser().ask('/dashboard', { headers: fromElsewhere });
  assert.equal(begun.json<{ isNew: boolean }>().isNew, true);
});

test('a cookie of a former key is signed again, once', async (t) => {
  const { browser, store } = await setUp(t);
  const ada = browser();
  await ada.ask('/dashboard', { headers: page });
  const id = decodeURIComponent(ada.cookies.get('session') ?? '').replace(/^s:|\.[^.]*$/g, '');
  const mac = Buffer.from(createKeyring([former]).mac('session cookie', id), 'base64url').toString('base64');
  const old = `s%3A${id}.${encodeURIComponent(mac.replace(/=+$/, ''))}`;
  ada.cookies.set('session', old);
  const answer = await ada.ask('/dashboard', { headers: page });
  assert.equal(answer.status, 200);
  assert.equal(answer.setCookies.length, 1);
  assert.notEqual(ada.cookies.get('session'), old);
  assert.deepEqual((await ada.ask('/dashboard', { headers: page })).setCookies, []);
  const [row] = await store.sessions.ofPerson('1', began);
  assert.equal(row?.data['resignedAt'], began);
});

test('an id that is due is replaced before the response is sent', async (t) => {
  const slow = (table: SessionTable): Partial<SessionTable> => ({
    async rotate(...asked) {
      for (let turn = 0; turn < 50; turn++) await nextTurn();
      return table.rotate(...asked);
    },
  });
  const { browser, world } = await setUp(t, { rotateAfterMs: 15 * minute }, slow);
  const ada = browser();
  const { handle } = (await ada.ask('/dashboard', { headers: page })).json<{ handle: string }>();
  const before = ada.cookies.get('session');
  world.now += 15 * minute;
  const answer = await ada.ask('/dashboard', { headers: page });
  assert.deepEqual(answer.json(), known(handle));
  assert.equal(answer.setCookies.length, 1);
  assert.notEqual(ada.cookies.get('session'), before);
  assert.deepEqual((await ada.ask('/dashboard', { headers: page })).json(), known(handle));
});

test('a request that fails changes nothing of its session and sets no cookie', async (t) => {
  const { browser, store, world } = await setUp(t);
  const ada = browser();
  await ada.ask('/dashboard', { headers: page });
  world.now += 2 * minute;
  const answer = await ada.ask('/fail', { method: 'POST' });
  assert.equal(answer.status, 500);
  assert.deepEqual(answer.setCookies, []);
  const [row] = await store.sessions.ofPerson('1', world.now);
  assert.equal(row?.data['staySignedIn'], true);
  assert.equal(row?.lastSeenAt, began);
});
