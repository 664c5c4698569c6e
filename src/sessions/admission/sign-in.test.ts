// Creating a session: what tabs of one browser share, what counts against the limits, and that a sign-in that fails half-way leaves nothing
// behind.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Request, Response } from 'express';
import type { RecordedEvent } from '../../audit/recorder.ts';
import { createKeyring } from '../../crypto/keyring.ts';
import { digest } from '../../crypto/tokens.ts';
import type { AllowanceName } from '../../http/allowances.ts';
import { HttpError } from '../../http/errors.ts';
import type { Store } from '../../store/contract.ts';
import type { SessionRow } from '../../store/contract-sessions.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import { keyOf } from '../rules/session-id.ts';
import { ExpressStore, type LoadedSession } from './express-store.ts';
import { type SignInOptions, startSession } from './sign-in.ts';

const began = 1_750_000_000_000;
const limits = { lifetimeMs: 10 * 3_600_000, idleMs: 3_600_000 };
const ada = { id: '1', email: 'ada@example.org' };
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
const iphone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';

/** The browser whose tab asks; undefined: unknown. */
type Browser = string | undefined;

function setUp(
  t: TestContext,
  more: Partial<SignInOptions> = {},
  changed: (store: Store) => Partial<Store> = () => ({}),
) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-sign-in-'));
  const plain = openSqliteStore(folder);
  t.after(async () => {
    await plain.close();
    rmSync(folder, { recursive: true });
  });
  const store: Store = { ...plain, ...changed(plain) };
  const world = { now: began, browser: 'one' as Browser, recordFails: false };
  const events: RecordedEvent[] = [];
  /** In the order in which they were finished. */
  const steps: string[] = [];
  const taken: string[] = [];
  /** Allowances that refuse to be taken, and those that say so in advance. */
  const over = { take: new Set<AllowanceName>(), room: new Set<AllowanceName>() };
  const expressStore = new ExpressStore({
    table: store.sessions,
    limits,
    cookie: { secure: true, httpOnly: true, sameSite: 'lax' },
    now: () => world.now,
  });
  const options: SignInOptions = {
    store,
    expressStore,
    limits,
    keyring: createKeyring([randomBytes(32).toString('hex')]),
    now: () => world.now,
    recorder: {
      note: (event) => events.push(event),
      async write(event) {
        if (world.recordFails) throw new Error('the record cannot be written');
        events.push(event);
      },
    },
    signInNameOf: () => world.browser,
    allow: {
      hasRoom: async (name) => !over.room.has(name),
      async take(name) {
        await nextTurn();
        taken.push(name);
        return !over.take.has(name);
      },
      waitS: async (name) => (name === 'browser-sign-ins' ? 7 : 70),
      forget: async () => {},
    },
    maxPerUser: 0,
    isThisBrowser: () => false,
    async endHere(key, end) {
      await nextTurn();
      steps.push(`${end.reason} ${key}`);
      return true;
    },
    async endSession(row, { reason }) {
      await nextTurn();
      steps.push(`${reason} ${row.key}`);
    },
    notifyNewDevice: (person, { device }) => steps.push(`new device of ${person.email}: ${device.browser}`),
    async replaceVisitor() {
      return { theme: 'dark' };
    },
    ...more,
  };
  async function signIn(agent = firefox) {
    const headers = new Map<string, unknown>();
    const res = {
      setHeader: (name: string, value: unknown) => headers.set(name, value),
      locals: {},
    } as unknown as Response;
    const req = {
      headers: { 'user-agent': agent },
      ip: '192.0.2.1',
      sessionStore: expressStore,
    } as unknown as Request;
    const error = await startSession(req, res, ada, options).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    if (error instanceof HttpError)
      return { refused: error.code, waitS: headers.get('Retry-After'), id: '', session: undefined };
    if (error) throw error;
    return { id: req.sessionID, session: req.session as LoadedSession };
  }
  const rowOf = async (id: string): Promise<SessionRow | undefined> => plain.sessions.read(keyOf(id));
  const created = () => events.filter(({ event }) => event === 'session.created').length;
  return { world, options, store: plain, events, steps, taken, over, signIn, rowOf, created };
}

const each = ['browser-sign-ins', 'sign-ins', 'changes'];

test('a new session has the data of its sign-in, and only the browser knows its id', async (t) => {
  const { signIn, rowOf, events } = setUp(t);
  const { id, session } = await signIn();
  const row = await rowOf(id);
  assert.ok(row && session);
  assert.deepEqual(
    [row.personId, row.email, row.createdAt, row.lastSeenAt, row.idIssuedAt, row.expiresAt],
    [ada.id, ada.email, began, began, began, began + limits.lifetimeMs],
  );
  assert.equal(row.idHash, digest(id));
  assert.ok(!JSON.stringify(row).includes(id.slice(keyOf(id).length + 1)));
  assert.equal(session.handle, row.handle);
  assert.equal(session.staySignedIn, true);
  assert.equal(Buffer.from(session.csrfSecret, 'base64url').length, 24);
  assert.equal(session.previousSignIn, undefined);
  assert.equal(session.newDevice, undefined);
  assert.deepEqual(
    events.map(({ event, session: handle }) => [event, handle]),
    [
      ['session.created', row.handle],
      ['visitor.rotated', row.handle],
    ],
  );
});

test('tabs of one browser share a session and count once; later, or in another browser, a new one starts', async (t) => {
  const { world, signIn, taken, created } = setUp(t);
  const first = await signIn();
  assert.deepEqual(taken, each);
  world.now = began + 9_999;
  const second = await signIn();
  assert.equal(second.id, first.id);
  assert.equal(second.session?.handle, first.session?.handle);
  assert.deepEqual(taken, each, 'the second tab takes nothing');
  assert.equal(created(), 1);

  world.now = began + 10_001;
  const later = await signIn();
  world.browser = 'two';
  const other = await signIn();
  world.browser = undefined;
  const unknown = [await signIn(), await signIn()];
  const ids = [first, later, other, ...unknown].map(({ id }) => id);
  assert.equal(new Set(ids).size, 5);
  assert.deepEqual(taken, [...each, ...each, ...each, 'sign-ins', 'changes', 'sign-ins', 'changes']);
});

test('a tab does not share a session that has ended, was rotated, or is another person’s', async (t) => {
  const forged = { person: '' };
  const { world, signIn, store, rowOf, taken } = setUp(t, {}, ({ sessions }) => ({
    sessions: {
      ...sessions,
      async read(key) {
        const row = await sessions.read(key);
        return row && forged.person ? { ...row, personId: forged.person } : row;
      },
    },
  }));
  const ended = await signIn();
  await store.sessions.end(keyOf(ended.id), { at: began, reason: 'revoked' });
  const after = await signIn();
  assert.notEqual(after.id, ended.id);
  assert.equal((await rowOf(after.id))?.ended, undefined);
  assert.deepEqual(taken, [...each, ...each], 'it counts like any other');
  // The claim of the ended session is gone: the next tab begins a claim of its own, which the one after it shares.
  const next = await signIn();
  assert.notEqual(next.id, ended.id);
  assert.equal((await signIn()).id, next.id);

  world.browser = 'rotated';
  const rotated = await signIn();
  const at = { fromHash: digest(rotated.id), toHash: 'new', salt: 'salt', at: began };
  await store.sessions.rotate(keyOf(rotated.id), at);
  assert.notEqual((await signIn()).id, rotated.id);

  world.browser = 'foreign';
  const foreign = await signIn();
  forged.person = '2';
  assert.notEqual((await signIn()).id, foreign.id);
});

test('at a limit, no tab of the browser gets a session, and none is counted', async (t) => {
  const { world, over, signIn, taken, created } = setUp(t);
  over.room.add('sign-ins');
  assert.deepEqual(await signIn(), { refused: 'too_many_sign_ins', waitS: 70, id: '', session: undefined });
  over.room.clear();
  const second = await signIn();
  assert.deepEqual([second.refused, second.waitS], ['too_many_sign_ins', 1], 'as the first tab');
  assert.deepEqual(taken, []);
  world.now = began + 10_001;
  assert.equal((await signIn()).refused, undefined);
  assert.equal(created(), 1);
});

test('the browser’s limit is reported first, and a limit reached meanwhile counts too', async (t) => {
  const { world, over, signIn, created } = setUp(t);
  over.room.add('browser-sign-ins').add('sign-ins');
  assert.equal((await signIn()).waitS, 7);
  over.room.clear();
  for (const name of ['browser-sign-ins', 'sign-ins', 'changes'] as const) {
    over.take.clear();
    over.take.add(name);
    world.browser = `beyond ${name}`;
    assert.equal((await signIn()).refused, 'too_many_sign_ins', name);
  }
  world.browser = undefined;
  assert.equal((await signIn()).refused, 'too_many_sign_ins', 'also of an unknown browser');
  assert.equal(created(), 0);
});

test('only the limits of the person apply to an unknown browser', async (t) => {
  const { world, over, signIn } = setUp(t);
  world.browser = undefined;
  over.take.add('browser-sign-ins');
  over.room.add('browser-sign-ins');
  assert.equal((await signIn()).refused, undefined);
});

test('a session that replaces an ended one is refused at a limit', async (t) => {
  const { over, signIn, store, created } = setUp(t);
  const { id } = await signIn();
  await store.sessions.end(keyOf(id), { at: began, reason: 'revoked' });
  over.take.add('sign-ins');
  assert.equal((await signIn()).refused, 'too_many_sign_ins');
  assert.equal(created(), 1);
});

test('a sign-in that cannot be recorded ends its session, and the next attempt starts afresh', async (t) => {
  const { world, signIn, store } = setUp(t);
  world.recordFails = true;
  await assert.rejects(signIn(), /the record cannot be written/);
  assert.deepEqual(await store.sessions.ofPerson(ada.id, began), [], 'nobody is signed in');
  world.recordFails = false;
  const { id } = await signIn();
  assert.equal((await signIn()).id, id, 'and its tabs share the session of the attempt that succeeded');
});

test('a sign-in that fails late is undone before the answer, with its own error', async (t) => {
  const undone: string[] = [];
  let broken = false;
  const { signIn } = setUp(
    t,
    { replaceVisitor: () => Promise.reject(new Error('no visitor')) },
    ({ sessions, claims }) => ({
      sessions: {
        ...sessions,
        async end(key, end) {
          await nextTurn();
          undone.push(end.reason);
          if (broken) throw new Error('the store is gone');
          return sessions.end(key, end);
        },
      },
      claims: {
        ...claims,
        async release(key) {
          await nextTurn();
          undone.push('claim');
          if (broken) throw new Error('the store is gone');
          await claims.release(key);
        },
      },
    }),
  );
  await assert.rejects(signIn(), /no visitor/);
  assert.deepEqual(undone, ['signed_out', 'claim']);
  broken = true;
  await assert.rejects(signIn(), /no visitor/);
  assert.equal(undone.length, 4);
});

test('the claim of an ended session is released before the next session is created', async (t) => {
  const steps: string[] = [];
  const { signIn, store } = setUp(t, {}, ({ sessions, claims }) => ({
    sessions: {
      ...sessions,
      create(row) {
        steps.push('create');
        return sessions.create(row);
      },
    },
    claims: {
      ...claims,
      async release(key) {
        for (let turn = 0; turn < 20; turn++) await nextTurn();
        await claims.release(key);
        steps.push('released');
      },
    },
  }));
  const { id } = await signIn();
  await store.sessions.end(keyOf(id), { at: began, reason: 'revoked' });
  await signIn();
  assert.deepEqual(steps, ['create', 'create', 'released', 'create']);
});

test('the previous sign-in and a new device are noted in the session, and the device is reported', async (t) => {
  const { world, signIn, steps, events } = setUp(t);
  await signIn();
  world.now = began + 60_000;
  const again = await signIn();
  assert.equal(again.session?.previousSignIn?.at, began);
  assert.equal(again.session?.newDevice, undefined);
  assert.deepEqual(steps, []);
  world.now = began + 120_000;
  const { session } = await signIn(iphone);
  assert.equal(session?.previousSignIn?.at, began + 60_000);
  assert.equal(session?.newDevice, true);
  assert.deepEqual(steps, ['new device of ada@example.org: Safari']);
  assert.equal(events.at(-1)?.event, 'device.new');
});

test('sessions beyond the limit, and those whose cookie this browser lost, have ended when the sign-in is done', async (t) => {
  const { world, signIn, steps } = setUp(t, { maxPerUser: 2 });
  const first = await signIn();
  for (const browser of ['two', 'three']) {
    world.now += 1000;
    world.browser = browser;
    await signIn();
  }
  assert.deepEqual(steps, [`too_many ${keyOf(first.id)}`]);

  const same = setUp(t, { isThisBrowser: () => true });
  const lost = await same.signIn();
  same.world.now += 60_000;
  await same.signIn();
  assert.deepEqual(same.steps, [`superseded ${keyOf(lost.id)}`]);
});
