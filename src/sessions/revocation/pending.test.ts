// Revocations that the store did not accept: in effect here at once, kept on disk, and finished by the next server.
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { SessionEnd, SessionRow } from '../../store/contract-sessions.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import { createPendingRevocations, type Finish, type PendingRevocation } from './pending.ts';

const at = 1_750_000_000_000;
const end: SessionEnd = { at, reason: 'signed_out' };
const rowOf = (key: string): SessionRow => ({
  key,
  handle: `handle-${key}`,
  personId: 'ada',
  email: 'ada@example.org',
  createdAt: at,
  lastSeenAt: at,
  expiresAt: at + 86_400_000,
  idHash: `id-${key}`,
  idIssuedAt: at,
  data: { csrfSecret: 'secret', gate: { state: 'cookie' } },
});

/** A store with two sessions, and servers that share its folder. */
async function setUp(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-unfinished-'));
  const store = openSqliteStore(folder);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  for (const key of ['one', 'two']) await store.sessions.create(rowOf(key));
  const told: unknown[] = [];
  const tell = (line: object) => told.push(Reflect.get(line, 'event'));
  const logger = { warn: tell, info: tell };
  const server = (path: string | undefined = join(folder, 'unfinished')) =>
    createPendingRevocations({ sessions: store.sessions, path, logger });
  return { folder, store, told, server };
}

/** Starts and stops a server, which tries once. @returns what it was asked to finish */
async function finishOnce(
  server: ReturnType<typeof createPendingRevocations>,
  finish: Finish = async () => {},
): Promise<PendingRevocation[]> {
  const asked: PendingRevocation[] = [];
  const stop = await server.start(async (item, table) => {
    asked.push(item);
    await finish(item, table);
  });
  await stop();
  return asked;
}

test('a session with a pending ending is over for every query, and nothing changes it', async (t) => {
  const { server, store } = await setUp(t);
  const { sessions, add, waiting } = server();
  await add({ key: 'one', end });
  assert.equal(waiting(), 1);
  const over = { ...rowOf('one'), data: {}, ended: { ...end, gate: { state: 'cookie' } } };
  assert.deepEqual(await sessions.read('one'), over);
  assert.deepEqual(await sessions.findByHandle('handle-one'), over);
  assert.deepEqual(
    (await sessions.rowsOf('ada')).find(({ key }) => key === 'one'),
    over,
  );
  const keys = (rows: readonly SessionRow[]) => rows.map(({ key }) => key);
  assert.deepEqual(keys(await sessions.ofPerson('ada', at)), ['two']);
  assert.deepEqual(keys((await sessions.page({ sort: 'seen', limit: 10 })).rows), ['two']);
  assert.equal(await sessions.update('one', { staySignedIn: true }), false);
  assert.equal(await sessions.touch('one', at + 1), false);
  const rotation = { fromHash: 'id-one', toHash: 'next', salt: 'salt', at };
  assert.equal(await sessions.rotate('one', rotation), false);
  assert.deepEqual(await store.sessions.read('one'), rowOf('one'), 'the store was not asked for any of it');
});

test('other sessions are as in the store, and missing ones stay missing', async (t) => {
  const { server, store } = await setUp(t);
  const { sessions, add } = server();
  await add({ key: 'one', end });
  assert.equal(await sessions.update('two', { staySignedIn: true }), true);
  assert.equal(await sessions.touch('two', at + 1), true);
  assert.equal(
    await sessions.rotate('two', { fromHash: 'id-two', toHash: 'next', salt: 'salt', at: at + 2 }),
    true,
  );
  await sessions.successorSeen('two', 'next', at + 3);
  const { data, lastSeenAt, idHash, previous } = (await store.sessions.read('two')) ?? rowOf('none');
  assert.deepEqual(
    [data['staySignedIn'], lastSeenAt, idHash, previous?.successorSeenAt],
    [true, at + 1, 'next', at + 3],
  );
  assert.equal(await sessions.read('none'), undefined);
  assert.equal(await sessions.findByHandle('none'), undefined);
});

test('a session that had ended before stays ended as it was', async (t) => {
  const { server, store } = await setUp(t);
  const { sessions, add } = server();
  await store.sessions.end('one', { at: at - 1, reason: 'idle' });
  await add({ key: 'one', end });
  assert.equal((await sessions.read('one'))?.ended?.reason, 'idle');
});

test('the previous id of a session with a pending ending is not reported as seen', async (t) => {
  const { server, store } = await setUp(t);
  await store.sessions.rotate('one', { fromHash: 'id-one', toHash: 'next', salt: 'salt', at });
  const { sessions, add } = server();
  await add({ key: 'one', end });
  await sessions.successorSeen('one', 'next', at + 1);
  assert.equal((await store.sessions.read('one'))?.previous?.successorSeenAt, undefined);
});

test('an ending with its own gate link keeps it', async (t) => {
  const { server } = await setUp(t);
  const { sessions, add } = server();
  await add({ key: 'one', end: { ...end, gate: 'its own' } });
  assert.equal((await sessions.read('one'))?.ended?.gate, 'its own');
});

test('a restart forgets no ending, and a finished one does not return', async (t) => {
  const { folder, server, told } = await setUp(t);
  const before = server();
  await before.add({ key: 'one', end });
  await before.add({ personId: 'grace' });
  await before.add({ personId: 'alan' });
  const expected = [{ key: 'one', end }, { personId: 'grace' }, { personId: 'alan' }];
  const next = server();
  const asked: PendingRevocation[] = [];
  const stop = await next.start(async (item) => void asked.push(item));
  assert.equal((await next.sessions.read('one'))?.ended?.reason, 'signed_out', 'before anything is served');
  await stop();
  assert.deepEqual(asked, expected);
  assert.equal(next.waiting(), 0);
  const inodeOf = () => statSync(join(folder, 'unfinished')).ino;
  const inode = inodeOf();
  assert.deepEqual(await finishOnce(server()), []);
  assert.equal(inodeOf(), inode, 'an empty file is not written again');
  assert.deepEqual(told, []);
});

test('what another server left is taken over while this one runs', async (t) => {
  const { server } = await setUp(t);
  const asked: PendingRevocation[] = [];
  const stop = await server().start(async (item) => void asked.push(item));
  await server().add({ key: 'one', end });
  await stop();
  assert.deepEqual(asked, [{ key: 'one', end }]);
});

test('the same number of lines is not the same lines: a file that another server started anew is not cleared', async (t) => {
  const { server } = await setUp(t);
  const [here, there] = [server(), server()];
  await here.add({ key: 'one', end });
  await finishOnce(here, async () => {
    await finishOnce(there);
    await there.add({ key: 'two', end });
  });
  assert.deepEqual(await finishOnce(server()), [{ key: 'two', end }]);
});

test('what cannot be finished yet waits, is logged once, and is retried', async (t) => {
  const { server, told } = await setUp(t);
  const waits = server();
  await waits.add({ key: 'one', end });
  const away: Finish = () => Promise.reject(new Error('away'));
  assert.equal((await finishOnce(waits, away)).length, 1);
  assert.equal((await finishOnce(waits, away)).length, 1);
  assert.deepEqual(told, ['session.ending_waits']);
  assert.equal((await waits.sessions.read('one'))?.ended?.reason, 'signed_out');
  assert.equal((await finishOnce(waits)).length, 1);
  assert.deepEqual(told, ['session.ending_waits', 'session.endings_finished']);
  assert.equal((await waits.sessions.read('one'))?.ended, undefined, 'from now on the store says so');
});

test('finished endings are not repeated because another one waits', async (t) => {
  const { server } = await setUp(t);
  const waits = server();
  for (const key of ['one', 'two']) await waits.add({ key, end });
  const secondFails: Finish = async (item) => {
    if ('key' in item && item.key === 'two') throw new Error('away');
  };
  assert.equal((await finishOnce(waits, secondFails)).length, 2);
  assert.deepEqual(await finishOnce(waits), [{ key: 'two', end }]);
});

test('what another server adds during the work is not lost', async (t) => {
  const { server } = await setUp(t);
  const [here, there] = [server(), server()];
  await here.add({ key: 'one', end });
  await finishOnce(here, async () => {
    if (there.waiting() === 0) await there.add({ key: 'two', end });
  });
  assert.deepEqual(await finishOnce(server()), [
    { key: 'one', end },
    { key: 'two', end },
  ]);
});

test('a disk that accepts nothing: the ending is kept in memory, and applies', async (t) => {
  const { folder, server, told } = await setUp(t);
  const path = join(folder, 'a-folder');
  mkdirSync(path);
  const { sessions, add } = server(path);
  await add({ key: 'one', end });
  assert.deepEqual(told, ['session.ending_not_kept']);
  assert.equal((await sessions.read('one'))?.ended?.reason, 'signed_out');
});

test('without a place on the disk endings are kept only in memory', async (t) => {
  const { store, told } = await setUp(t);
  const logger = { warn: (line: object) => told.push(line), info() {} };
  const server = createPendingRevocations({ sessions: store.sessions, path: undefined, logger });
  await server.add({ key: 'one', end });
  assert.deepEqual(await finishOnce(server), [{ key: 'one', end }]);
  assert.deepEqual(told, []);
});

test('an invalid line is skipped', async (t) => {
  const { folder, server } = await setUp(t);
  await server().add({ key: 'one', end });
  const lines = [
    'nonsense',
    'null',
    '{}',
    '{"key":"two"}',
    '{"key":2,"end":{"at":1}}',
    '{"key":"two","end":{}}',
  ];
  appendFileSync(join(folder, 'unfinished'), `${lines.join('\n')}\n`);
  assert.deepEqual(await finishOnce(server()), [{ key: 'one', end }]);
});
