// Signing out: what the browser is told to forget and where it is sent, also when the store cannot be read.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { createKeyring, type Keyring } from '../../crypto/keyring.ts';
import { StoreUnavailable } from '../../store/contract.ts';
import type { SessionRow, SessionTable } from '../../store/contract-sessions.ts';
import type { Follows, Revocation } from '../revocation/revoke.ts';
import { keyOf, newSessionId } from '../rules/session-id.ts';
import { logout, logoutUnread } from './logout.ts';

const ada = { id: '1', email: 'ada@example.org' };
const keyring = createKeyring([randomBytes(32).toString('hex')]);
const id = newSessionId();
const signed = (ring: Keyring) =>
  `s%3A${id}.${encodeURIComponent(Buffer.from(ring.mac('session cookie', id), 'base64url').toString('base64').replace(/=+$/, ''))}`;

function setUp(row: Partial<SessionRow> | undefined, follows?: Follows) {
  const done: unknown[] = [];
  const revocation = {
    one: async (ended: SessionRow, order: unknown) => {
      done.push(['one', ended, order]);
      return { handle: 'handle', endedNow: true, ...(follows && { follows }) };
    },
    async unread(key: string, order: unknown) {
      await nextTurn();
      done.push(['unread', key, order]);
    },
  } as unknown as Revocation;
  const sessions = { read: async (key: string) => (key === keyOf(id) ? row : undefined) } as SessionTable;
  const options = {
    sessions,
    revocation,
    keyring,
    cookieName: '__Host-session',
    cookie: { secure: true, httpOnly: true, sameSite: 'lax' } as const,
    signOutPath: '/out',
    signOutLatePath: (what: Follows) => `/out?${what}`,
  };
  return { done, options };
}

function request(more: object = {}, locals: object = {}) {
  const headers: Record<string, unknown> = {};
  const redirects: unknown[] = [];
  const req = {
    method: 'POST',
    path: '/logout',
    sessionID: id,
    session: {},
    headers: { cookie: `__Host-session=${signed(keyring)}` },
    ...more,
  };
  const res = {
    headersSent: false,
    getHeader: (name: string) => headers[name],
    setHeader: (name: string, value: unknown) => Object.assign(headers, { [name]: value }),
    redirect: (...to: unknown[]) => redirects.push(...to),
    locals: { session: { personId: ada.id, email: ada.email }, person: { ...ada, operator: false } },
  };
  Object.assign(res, locals);
  return { req: req as unknown as Request, res: res as unknown as Response, headers, redirects };
}

const forgotten = {
  'Set-Cookie': ['__Host-session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax'],
  'Clear-Site-Data': '"cache", "storage"',
};

test('a sign-out ends the session by its person, and the browser forgets it and goes through the gate', async () => {
  const row = { key: keyOf(id) };
  const { done, options } = setUp(row);
  const { req, res, headers, redirects } = request();
  await logout(options)(req, res, assert.fail);
  assert.deepEqual(done, [['one', row, { reason: 'signed_out', by: ada }]]);
  assert.deepEqual(headers, forgotten);
  assert.deepEqual(redirects, [303, '/out']);
  assert.equal('session' in req, false, 'nothing is saved under it');
});

test('a sign-out of a session that is gone signs the browser out all the same', async () => {
  const { done, options } = setUp(undefined);
  const { req, res, headers, redirects } = request();
  await logout(options)(req, res, assert.fail);
  assert.deepEqual([done, redirects], [[], [303, '/out']]);
  assert.deepEqual(headers, forgotten);
});

test('what is still to be done is said on the page it leads to', async () => {
  for (const follows of ['note', 'row'] as const) {
    const { options } = setUp({ key: keyOf(id) }, follows);
    const { req, res, redirects } = request();
    await logout(options)(req, res, assert.fail);
    assert.deepEqual(redirects, [303, `/out?${follows}`]);
  }
});

test('while the store cannot be read, a sign-out with a signed cookie is done later, and the browser is signed out now', async () => {
  const { done, options } = setUp(undefined);
  const { req, res, headers, redirects } = request();
  await logoutUnread(options)(new StoreUnavailable(new Error('away')), req, res, assert.fail);
  assert.deepEqual(done, [
    ['unread', keyOf(id), { reason: 'signed_out', person: { ...ada, operator: false } }],
  ]);
  assert.deepEqual(headers, forgotten);
  assert.deepEqual(redirects, [303, '/out?row']);
});

test('anything else stays the error that it is', async () => {
  const away = new StoreUnavailable(new Error('away'));
  const foreign = `__Host-session=${signed(createKeyring([randomBytes(32).toString('hex')]))}`;
  const cases: readonly (readonly [what: string, error: Error, ...ReturnType<typeof request>[]])[] = [
    ['another method', away, request({ method: 'GET' })],
    ['another address', away, request({ path: '/logout/' })],
    ['another error', new Error('a defect'), request()],
    ['nobody that the gate names', away, request({}, { locals: {} })],
    ['no cookie', away, request({ headers: {} })],
    ['a cookie that nobody here signed', away, request({ headers: { cookie: foreign } })],
    ['a response that has begun', away, request({}, { headersSent: true })],
  ];
  for (const [what, error, at] of cases) {
    const { done, options } = setUp(undefined);
    const passed: unknown[] = [];
    assert.ok(at);
    await logoutUnread(options)(error, at.req, at.res, (one: unknown) => passed.push(one));
    assert.deepEqual([passed, done, at.headers, at.redirects], [[error], [], {}, []], what);
  }
});
