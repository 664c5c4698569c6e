// Which session cookie a response may set: that of the id that is valid when it is sent, or none.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { createKeyring } from '../../crypto/keyring.ts';
import { digest } from '../../crypto/tokens.ts';
import type { SessionTable } from '../../store/contract-sessions.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import { successorsOf } from '../rules/session-id.ts';
import { setCurrentIdOnly } from './response-cookie.ts';

const began = 1_750_000_000_000;
const id = 'key.secret';
const keyring = createKeyring(['secret']);

/** A response to a request that presented `sentId`, of a session in a real store. */
async function setUp(t: TestContext, { sentId = 'key.before', renews = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-cookie-'));
  const store = openSqliteStore(folder);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  await store.sessions.create({
    key: 'key',
    handle: 'handle',
    personId: 'ada',
    email: 'ada@example.org',
    createdAt: began,
    lastSeenAt: began,
    expiresAt: began + 86_400_000,
    idHash: digest(id),
    idIssuedAt: began,
    data: {},
  });
  const session = { handle: 'handle', cookie: { expires: renews ? new Date() : null } };
  const req = { sessionID: id, session, sessionStore: { createSession() {} } } as unknown as Request;
  const sent: string[] = [];
  const res = {
    headersSent: false,
    writeHead: () => sent.push('head'),
    end: () => sent.push('end'),
  } as unknown as Response;
  let { sessions }: { sessions: SessionTable } = store;
  const options = {
    keyring,
    get sessions() {
      return sessions;
    },
  };
  setCurrentIdOnly(req, res, sentId, options);
  /** @returns the id whose cookie express-session would set now, if any */
  const answer = async (send: () => unknown = () => res.end()) => {
    send();
    for (let turns = 0; turns < 20 && sent.length === 0; turns++) await turn();
    assert.ok(sent.length > 0, 'the answer goes out');
    return (req as { session?: unknown }).session === undefined ? undefined : req.sessionID;
  };
  const rotate = (salt: string) => {
    const [successor = ''] = successorsOf(keyring, id, salt);
    return store.sessions.rotate('key', { fromHash: digest(id), toHash: digest(successor), salt, at: began });
  };
  const breakDown = () => {
    sessions = { ...sessions, read: () => Promise.reject(new Error('away')) };
  };
  return { sessions, res, answer, rotate, breakDown };
}

test('an id that is still valid is set, and one replaced meanwhile is set to its successor', async (t) => {
  assert.equal(await (await setUp(t)).answer(), id);
  const { answer, rotate } = await setUp(t);
  await rotate('salt');
  assert.equal(await answer(), successorsOf(keyring, id, 'salt')[0]);
});

test('a session that ended meanwhile gets no cookie, whether or not its id was rotated', async (t) => {
  const end = { at: began + 1, reason: 'signed_out' } as const;
  const { sessions, answer } = await setUp(t);
  await sessions.end('key', end);
  assert.equal(await answer(), undefined);

  const replaced = await setUp(t);
  await replaced.rotate('salt');
  await replaced.sessions.end('key', end);
  assert.equal(await replaced.answer(), undefined);
});

test('an id that was replaced twice is not set', async (t) => {
  const { sessions, answer, rotate } = await setUp(t);
  await rotate('salt');
  const [second = ''] = successorsOf(keyring, id, 'salt');
  await sessions.rotate('key', { fromHash: digest(second), toHash: 'third', salt: 'next', at: began });
  assert.equal(await answer(), undefined);
});

test('if the store does not answer, no cookie is set, and the answer is sent', async (t) => {
  const { answer, breakDown } = await setUp(t);
  breakDown();
  assert.equal(await answer(), undefined);
});

test('an answer whose headers are sent early sets no cookie, as nothing was checked', async (t) => {
  const { res, answer } = await setUp(t);
  assert.equal(await answer(() => res.writeHead(200)), undefined);
});

test('an answer without a cookie checks nothing; one that renews the same id does', async (t) => {
  const same = await setUp(t, { sentId: id });
  same.breakDown();
  assert.equal(await same.answer(), id);
  const renewed = await setUp(t, { sentId: id, renews: true });
  renewed.breakDown();
  assert.equal(await renewed.answer(), undefined);
});
