// What a request may still do that was admitted a while ago: checked before a change, after it was recorded, and during a long response.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Request, Response } from 'express';
import { confirmChange } from '../../audit/confirmed-change.ts';
import { digest } from '../../crypto/tokens.ts';
import { HttpError } from '../../http/errors.ts';
import type { SessionRow } from '../../store/contract-sessions.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import { confirmChanges } from './confirm-change.ts';

const began = 1_750_000_000_000;
const limits = { lifetimeMs: 10 * 3_600_000, idleMs: 3_600_000 };
const id = 'key.secret';
const row: SessionRow = {
  key: 'key',
  handle: 'handle',
  personId: 'ada',
  email: 'ada@example.org',
  createdAt: began,
  lastSeenAt: began,
  expiresAt: began + limits.lifetimeMs,
  idHash: digest(id),
  idIssuedAt: began,
  data: {},
};

/** A request of a session in a real store, and what may happen to the session afterwards. */
async function setUp(t: TestContext, stored: SessionRow | undefined = row) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-confirm-'));
  const { sessions, close } = openSqliteStore(folder);
  t.after(async () => {
    await close();
    rmSync(folder, { recursive: true });
  });
  if (stored) await sessions.create(stored);
  const world = { now: began + 1000, isEndedAtGate: false };
  const handler = confirmChanges({
    sessions,
    limits,
    now: () => world.now,
    isEndedAtGate: async () => world.isEndedAtGate,
  });
  const res = { locals: { session: row } } as unknown as Response;
  /** @returns what happened to the change; `first` runs once it has been admitted, before it is checked again */
  async function ask(method = 'POST', first: () => unknown = () => {}): Promise<string> {
    const req = { method, sessionID: id } as Request;
    try {
      return await new Promise<string>((resolve, reject) => {
        const next = async () => {
          await first();
          await confirmChange();
          resolve('done');
        };
        Promise.resolve(handler(req, res, () => void next().catch(reject))).catch(reject);
      });
    } catch (error) {
      assert.ok(error instanceof HttpError, String(error));
      return error.code;
    }
  }
  const stillAdmitted = async () => {
    await ask('GET');
    return res.locals.stillAdmitted?.();
  };
  const end = () => sessions.end('key', { at: world.now, reason: 'signed_out' });
  return { sessions, world, ask, stillAdmitted, end };
}

test('a change in a live session is made, and a read is not checked', async (t) => {
  const { ask, end } = await setUp(t);
  assert.equal(await ask(), 'done');
  await end();
  assert.equal(await ask('GET'), 'done');
  assert.equal(await ask('HEAD'), 'done');
});

test('a change is refused if the session ended since it was admitted, reached a limit or is gone', async (t) => {
  const ended = await setUp(t);
  await ended.end();
  assert.equal(await ended.ask(), 'session_ended');

  const idle = await setUp(t);
  idle.world.now = began + limits.idleMs;
  assert.equal(await idle.ask(), 'session_ended');

  const { sessions, ask } = await setUp(t);
  await sessions.forgetPerson('ada');
  assert.equal(await ask(), 'session_ended');
});

test('a change is refused if the gate’s session was ended, or the id is another person’s', async (t) => {
  const atGate = await setUp(t);
  atGate.world.isEndedAtGate = true;
  assert.equal(await atGate.ask(), 'session_ended');

  const { ask } = await setUp(t, { ...row, personId: 'grace' });
  assert.equal(await ask(), 'session_ended');
});

test('the previous id is accepted during its grace period, and outdated afterwards', async (t) => {
  const { sessions, world, ask } = await setUp(t);
  await sessions.rotate('key', { fromHash: digest(id), toHash: 'next', salt: 'salt', at: world.now });
  assert.equal(await ask(), 'done');
  await sessions.successorSeen('key', 'next', world.now);
  assert.equal(await ask(), 'done');
  world.now += 30_001;
  assert.equal(await ask(), 'bad_csrf_token');
});

test('a change that is recorded first is checked once more', async (t) => {
  const { ask, end } = await setUp(t);
  assert.equal(await ask('POST', end), 'session_ended');
});

test('a long answer ends with the session, here or at the gate', async (t) => {
  const live = await setUp(t);
  assert.equal(await live.stillAdmitted(), true);
  live.world.isEndedAtGate = true;
  assert.equal(await live.stillAdmitted(), false);

  const ended = await setUp(t);
  await ended.end();
  assert.equal(await ended.stillAdmitted(), false);

  const { sessions, stillAdmitted } = await setUp(t);
  await sessions.forgetPerson('ada');
  assert.equal(await stillAdmitted(), false);
});
