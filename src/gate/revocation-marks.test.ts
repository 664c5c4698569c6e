// What marks refuse, for how long, and what still holds if the store accepts none.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type NoteTable, StoreUnavailable } from '../store/contract.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { createRevocationMarks, endPersonBy } from './revocation-marks.ts';

const expireMs = 1000;
const keptMs = expireMs + 3_600_000;

function openStore(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-marks-'));
  const store = openSqliteStore(folder);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return store;
}

test('ending everyone refuses what was issued before, also to people unknown here', async (t) => {
  const store = openStore(t);
  let now = Date.now();
  const start = now;
  const marks = createRevocationMarks(store.notes, () => now, expireMs);
  assert.equal(await marks.cutAtOf('somebody'), undefined);
  await marks.endPerson('ada');
  now += 10;
  await marks.endEveryone();
  assert.deepEqual([await marks.cutAtOf('ada'), await marks.cutAtOf('stranger')], [start + 10, start + 10]);
  now += 10;
  await marks.endPerson('ada');
  assert.deepEqual([await marks.cutAtOf('ada'), await marks.cutAtOf('stranger')], [start + 20, start + 10]);
});

test('with an unknown time of sign-in, existing sessions end, and what a refresh in flight writes within ten seconds', async (t) => {
  const now = Date.now();
  const marks = createRevocationMarks(openStore(t).notes, () => now, expireMs);
  assert.equal(await marks.isTicketMarked('key'), false);
  await marks.endTicket('key', undefined);
  assert.equal(await marks.isTicketMarked('key'), true);
  assert.equal(await marks.isEnded('key', { createdAt: now + 10_000 }), true);
  assert.equal(await marks.isEnded('key', { createdAt: now + 10_001 }), false);
  assert.equal(await marks.isEnded('key', { createdAt: now + 10_001, signIn: 'another' }), false);
  assert.equal(await marks.isEnded('another key', { createdAt: now }), false);
});

test('a mark outlives anything a refresh in flight could write back, and is then forgotten', async (t) => {
  let now = Date.now();
  const marks = createRevocationMarks(openStore(t).notes, () => now, expireMs);
  await marks.endCookie('digest');
  now += keptMs - 1;
  assert.equal(await marks.isCookieEnded('digest'), true);
  now += 1;
  assert.equal(await marks.isCookieEnded('digest'), false);
});

test('a mark that the store refused applies in this process until the store has it', async (t) => {
  const { notes } = openStore(t);
  let now = Date.now();
  let isFull = true;
  const full: NoteTable = {
    ...notes,
    async writeEnding(...note) {
      if (isFull) throw new StoreUnavailable(new Error('full'));
      await notes.writeEnding(...note);
    },
  };
  const [here, elsewhere] = [full, notes].map((table) => createRevocationMarks(table, () => now, expireMs));
  await assert.rejects(async () => here?.endCookie('digest'), StoreUnavailable);
  assert.equal(await here?.isCookieEnded('digest'), true);
  assert.equal(await elsewhere?.isCookieEnded('digest'), false);
  isFull = false;
  await here?.endCookie('digest');
  assert.equal(await elsewhere?.isCookieEnded('digest'), true);
  now += keptMs;
  assert.equal(await here?.isCookieEnded('digest'), false, 'from now on the store alone knows it');
});

test('the ticket is marked last, and nothing is deleted before: any reader of the mark finds which sign-in was ended', async (t) => {
  const { notes } = openStore(t);
  const written: string[] = [];
  const slow: NoteTable = {
    ...notes,
    async writeEnding(name, ...rest) {
      await turn();
      await notes.writeEnding(name, ...rest);
      written.push(name.replace(/:[^:]*$/, ''));
    },
  };
  const marks = createRevocationMarks(slow, Date.now, expireMs);
  await marks.endTicket('key', 'sign-in');
  assert.deepEqual(written, ['gate:ended:sign-in', 'gate:ended:ticket']);
});

test('all of a person ended while the store takes no marks: each receipt says so, and without any it fails', async () => {
  const endPerson = () => Promise.reject(new StoreUnavailable(new Error('full')));
  const receipt = { endedAt: 1, gate: 'ended', writtenBack: 0 } as const;
  const parts = { marks: { endPerson }, end: async () => receipt };
  assert.deepEqual(await endPersonBy('ada', [{ handle: 'h' }], parts), [{ ...receipt, unmarked: true }]);
  await assert.rejects(endPersonBy('ada', [], parts), StoreUnavailable);
  const marked = { ...parts, marks: { endPerson: async () => {} } };
  assert.deepEqual(await endPersonBy('ada', [{ handle: 'h' }], marked), [receipt]);
});
