// The thread beside the server: whatever goes on in it, each question has an answer and the next one is taken.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { onePage } from '../../test/support/library.ts';
import { createBodies } from './bodies.ts';
import type { LibraryPages } from './contract.ts';
import { createReadingThread, type ReadingThread } from './thread.ts';

const entry = new URL('../../test/support/slow-thread.ts', import.meta.url);
const data = { dataDir: '', url: undefined, exportsFolder: '', style: { css: '', source: '' } };

/** Fails where nothing comes, rather than wait with it. */
async function soon<T>(asked: Promise<T>): Promise<T> {
  const late = new AbortController();
  const never = delay(10_000, undefined, { signal: late.signal }).then(() => {
    throw new Error('no answer came');
  });
  try {
    return await Promise.race([asked, never]);
  } finally {
    late.abort();
    never.catch(() => undefined);
  }
}

test('what never ends, grows, fails or exits is given up; the next question is answered', async () => {
  const thread = createReadingThread(entry, data, 1500);
  assert.deepEqual(await thread.ask('body', 'one'), { answer: 'one' });
  const [slow, next] = await soon(Promise.all([thread.ask('body', 'endless'), thread.ask('body', 'two')]));
  assert.deepEqual([slow, next], [{ unfinished: 'late' }, { answer: 'two' }]);
  assert.deepEqual(await thread.ask('body', 'growing'), { unfinished: 'late' });
  await assert.rejects(thread.ask('body', 'failing'), /failing/);
  await assert.rejects(thread.ask('body', 'ending'), /ended/);
  assert.deepEqual(await thread.ask('body', 'three'), { answer: 'three' });
});

test('only so many wait', async () => {
  const thread = createReadingThread(entry, data, 1500);
  const replies = await Promise.all(
    Array.from({ length: 150 }, (_, index) => thread.ask('body', `${index}`)),
  );
  const busy = replies.filter((reply) => 'unfinished' in reply && reply.unfinished === 'busy').length;
  assert.equal(busy, 49, 'one is worked on, a hundred wait');
});

test('a long page is rendered once for each version and state of the library; one that took too long rests', async () => {
  let [changes, now] = [1, 0];
  const asked: string[] = [];
  let reply: Awaited<ReturnType<ReadingThread['ask']>> = { answer: '<p>long</p>' };
  const thread = {
    ask: async (_kind: string, id: string) => {
      asked.push(id);
      return reply;
    },
  } as unknown as ReadingThread;
  const pages = {
    attachmentsOf: () => [],
    database: { prepare: () => ({ get: () => ({ changes }) }) },
  } as unknown as LibraryPages;
  const bodyOf = createBodies({ library: { pages, url: undefined }, thread, now: () => now });
  const long = onePage(`<p>${'x'.repeat(50_000)}</p>`);
  assert.match((await bodyOf(onePage('<p>short</p>'))) ?? '', /short/);
  assert.deepEqual(asked, [], 'a short one needs no thread');
  assert.deepEqual(await Promise.all([bodyOf(long), bodyOf(long)]), ['<p>long</p>', '<p>long</p>']);
  assert.equal(asked.length, 1);
  changes++;
  await bodyOf(long);
  assert.equal(asked.length, 2, 'what it links to may be another one now');
  await bodyOf({ ...long, version: 2 });
  assert.equal(asked.length, 3);
  reply = { unfinished: 'busy' };
  assert.equal(await bodyOf({ ...long, version: 3 }), undefined);
  reply = { unfinished: 'late' };
  for (let time = 0; time < 3; time++) {
    changes++;
    assert.match((await bodyOf({ ...long, version: 3 })) ?? '', /takes too long to be shown here/);
  }
  assert.equal(asked.length, 5);
  now += 600_001;
  reply = { answer: 'now' };
  assert.equal(await bodyOf({ ...long, version: 3 }), 'now');
});
