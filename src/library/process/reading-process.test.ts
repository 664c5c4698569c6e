// The separate process: whatever happens in it, each question gets an answer and the next one is accepted.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { onePage } from '../../../test/support/library.ts';
import type { LibraryPages } from '../contract.ts';
import { createBodies } from './bodies.ts';
import { createReadingChild, type ReadingChild } from './reading-process.ts';

const entry = new URL('../../../test/support/slow-child.ts', import.meta.url);
const data = { dataDir: '', url: undefined, exportsFolder: '', style: { css: '', source: '' } };

/** Fails if nothing comes, well before the test's own time limit; sooner when the controls' runner sets a shorter one. */
const patienceMs = Math.min(30_000, Number(process.env['TEST_PATIENCE_MS'] ?? Number.POSITIVE_INFINITY));

async function soon<T>(asked: Promise<T>): Promise<T> {
  const late = new AbortController();
  const never = delay(patienceMs, undefined, { signal: late.signal }).then(() =>
    assert.fail('no answer came'),
  );
  try {
    return await Promise.race([asked, never]);
  } finally {
    late.abort();
    never.catch(() => undefined);
  }
}

test('work that never ends, fails or exits is abandoned; the next question is answered', async () => {
  const child = createReadingChild(entry, data, { mostMs: 1500 });
  assert.deepEqual(await soon(child.ask('body', 'one')), { answer: 'one' });
  const [slow, next] = await soon(Promise.all([child.ask('body', 'endless'), child.ask('body', 'two')]));
  assert.deepEqual([slow, next], [{ unfinished: 'late' }, { answer: 'two' }]);
  await assert.rejects(soon(child.ask('body', 'failing')), /failing/);
  await assert.rejects(soon(child.ask('body', 'ending')), /ended/);
  assert.deepEqual(await soon(child.ask('body', 'three')), { answer: 'three' });
  child.close();
});

test('the process has only the memory that it was given', async () => {
  const child = createReadingChild(entry, data, { memoryMb: 64 });
  const reply = await soon(child.ask('body', 'memory limit'));
  const megabytes = Number('answer' in reply && reply.answer) / 1024 ** 2;
  // The limit covers long-lived objects; V8 adds up to 192 MB for new ones.
  assert.ok(megabytes > 64 && megabytes <= 64 + 192, `${megabytes} MB`);
  child.close();
});

test('out of memory: the caller gets an error, and the next question is answered', async () => {
  // Using up the memory takes time on a busy machine.
  const child = createReadingChild(entry, data, { mostMs: 160_000, memoryMb: 64 });
  for (let time = 0; time < 3; time++) {
    const [grown, other] = await Promise.all([child.ask('body', 'growing'), child.ask('body', `${time}`)]);
    assert.deepEqual([grown, other], [{ unfinished: 'memory' }, { answer: `${time}` }]);
  }
  child.close();
});

test('a process that dies before it answers is restarted with growing delays', async () => {
  let now = 0;
  const broken = { ...data, dataDir: 'broken' };
  const child = createReadingChild(entry, broken, { now: () => now });
  const ask = () =>
    child.ask('body', 'one').then(
      (reply) => JSON.stringify(reply),
      () => 'died',
    );
  const replies: string[] = [];
  for (let second = 0; second < 120; second++) {
    replies.push(await soon(ask()));
    now += 1000;
  }
  const died = replies.filter((reply) => reply === 'died').length;
  assert.ok(died >= 5 && died <= 12, `${died} starts in two minutes`);
  assert.equal(new Set(replies).size, 2);
  assert.ok(replies.includes('{"unfinished":"busy"}'));
});

test('the environment of the process contains only the locations of programs and files', async () => {
  process.env['GATEHOUSE_TEST_SECRET'] = 'not to be passed on';
  const child = createReadingChild(entry, data);
  const reply = await child.ask('body', 'environment');
  delete process.env['GATEHOUSE_TEST_SECRET'];
  assert.ok('answer' in reply);
  const names = Object.keys(JSON.parse(String(reply.answer)) as object);
  // The IPC channel's own variables, and those that a system gives to each process.
  const known = ['PATH', 'CHROMIUM_BIN', 'TMPDIR', 'TZ', 'NODE_COMPILE_CACHE', 'NODE_CHANNEL_FD'];
  assert.deepEqual(
    names.filter((name) => !known.includes(name) && !/^NODE_CHANNEL_|^__CF/.test(name)),
    [],
  );
});

test('it ends with the server: closed, ended or killed, idle or in an endless loop', async (t) => {
  const isThere = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  const goes = async (pid: number, about: string) => {
    for (const until = performance.now() + 8000; isThere(pid); await delay(20))
      assert.ok(performance.now() < until, `it is still there: ${about}`);
  };
  const own = createReadingChild(entry, data);
  const reply = await own.ask('body', 'pid');
  own.close();
  await goes(Number('answer' in reply && reply.answer), 'closed');
  // A request that was accepted before the stop may still ask.
  const last = await own.ask('body', 'pid');
  await goes(Number('answer' in last && last.answer), 'closed again');

  const program = `
    import { createReadingChild } from ${JSON.stringify(import.meta.resolve('./reading-process.ts'))};
    const child = createReadingChild(new URL(${JSON.stringify(entry.href)}), ${JSON.stringify(data)});
    const { answer } = await child.ask('body', 'pid');
    if (process.argv[1] === 'endless') child.ask('body', 'endless');
    process.stdout.write(String(answer));
    if (process.argv[2] !== 'exit') setInterval(() => undefined, 1000);`;
  for (const [work, end] of [
    ['idle', 'exit'],
    ['idle', 'SIGKILL'],
    ['endless', 'SIGKILL'],
  ] as const) {
    const args = ['--input-type=module', '--eval', program, work, end];
    const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => server.kill('SIGKILL'));
    const [line] = (await once(server.stdout, 'data')) as [Buffer];
    const pid = Number(String(line));
    // If this test fails, the process it looked for must not run for ever.
    t.after(() => isThere(pid) && process.kill(pid, 'SIGKILL'));
    if (end !== 'exit') server.kill(end);
    await goes(pid, `${work} ${end}`);
  }
});

test('the queue is limited', async () => {
  const child = createReadingChild(entry, data, { mostMs: 1500 });
  const replies = await Promise.all(Array.from({ length: 150 }, (_, index) => child.ask('body', `${index}`)));
  const busy = replies.filter((reply) => 'unfinished' in reply && reply.unfinished === 'busy').length;
  assert.equal(busy, 49, 'one is worked on, a hundred wait');
});

test('a long page is rendered once for each version and library state; one that took too long is not retried for a while', async () => {
  let [changes, now] = [1, 0];
  const asked: string[] = [];
  let reply: Awaited<ReturnType<ReadingChild['ask']>> = { answer: '<p>long</p>' };
  const reading = {
    ask: async (_kind: string, id: string) => {
      asked.push(id);
      return reply;
    },
  } as unknown as ReadingChild;
  const pages = {
    attachmentsOf: () => [],
    database: { prepare: () => ({ get: () => ({ changes }) }) },
  } as unknown as LibraryPages;
  const bodyOf = createBodies({ library: { pages, url: undefined }, reading, now: () => now });
  const long = onePage(`<p>${'x'.repeat(50_000)}</p>`);
  assert.match((await bodyOf(onePage('<p>short</p>'))) ?? '', /short/);
  assert.deepEqual(asked, [], 'a short one needs no other process');
  assert.deepEqual(await Promise.all([bodyOf(long), bodyOf(long)]), ['<p>long</p>', '<p>long</p>']);
  assert.equal(asked.length, 1);
  changes++;
  await bodyOf(long);
  assert.equal(asked.length, 2, 'what it links to may be another one now');
  await bodyOf({ ...long, version: 2 });
  assert.equal(asked.length, 3);
  reply = { unfinished: 'busy' };
  assert.equal(await bodyOf({ ...long, version: 3 }), undefined);
  reply = { unfinished: 'memory' };
  assert.match(
    (await bodyOf({ ...long, version: 4 })) ?? '',
    /needs more memory than allowed to be shown here/,
  );
  reply = { unfinished: 'late' };
  for (let time = 0; time < 3; time++) {
    changes++;
    assert.match((await bodyOf({ ...long, version: 3 })) ?? '', /takes too long to be shown here/);
  }
  assert.equal(asked.length, 6);
  now += 600_001;
  reply = { answer: 'now' };
  assert.equal(await bodyOf({ ...long, version: 3 }), 'now');
});
