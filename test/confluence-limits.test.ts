// Answers that are too large, too slow, or nonsense: each ends with a named reason, and memory and time stay bounded.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Trouble } from '../demo/confluence.ts';
import { duringChange } from '../src/audit/confirmed-change.ts';
import type { SyncSummary } from '../src/confluence/confluence.ts';
import { everything } from '../src/confluence/scope.ts';
import { HttpError } from '../src/http/errors.ts';
import { place } from './support/confluence.ts';

const json = { 'content-type': 'application/json' };

test('huge, compressed, slow and malformed answers', async (t) => {
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024, 32));
  const long = JSON.stringify({ type: 'known', displayName: 'x'.repeat(33 * 1024 * 1024) });
  const cases: readonly [string, Trouble, string][] = [
    ['a body larger than the limit', { status: 200, headers: json, body: long }, 'too_large'],
    [
      'a small body that unpacks to a large one',
      { status: 200, headers: { ...json, 'content-encoding': 'gzip' }, body: bomb },
      'too_large',
    ],
    [
      'a packing that we did not ask for',
      { status: 200, headers: { ...json, 'content-encoding': 'br' }, body: 'x' },
      'garbled',
    ],
    [
      'what is not packed as it says',
      { status: 200, headers: { ...json, 'content-encoding': 'gzip' }, body: '{}' },
      'garbled',
    ],
    [
      'headers without end',
      { status: 200, headers: { ...json, 'x-long': 'x'.repeat(60_000) }, body: '{}' },
      'too_large',
    ],
    ['half of a JSON', { status: 200, headers: json, body: '{"type":' }, 'garbled'],
    ['another JSON', { status: 200, headers: json, body: '[1,2]' }, 'garbled'],
    ['deep nesting', { status: 200, headers: json, body: '['.repeat(100_000) }, 'garbled'],
    ['no JSON', { status: 200, headers: { 'content-type': 'text/plain' }, body: 'hello' }, 'garbled'],
    ['a status that nobody knows', { status: 418 }, 'garbled'],
    ['a body that stops', 'cut', 'unreachable'],
  ];
  const here = await place(t, { kind: 'data-center' });
  for (const [name, trouble, reason] of cases) {
    here.site.trouble = () => trouble;
    const answer = await here.confluence.test();
    assert.deepEqual(answer, { ok: false, reason }, name);
  }
});

test('an answer that never comes, and one that never ends', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  const hurried = here.connect({ timeoutMs: 100 });
  for (const trouble of ['hang', 'drip'] as const) {
    here.site.trouble = () => trouble;
    const answer = await Promise.race([hurried.test(), delay(10_000, 'no end', { ref: false })]);
    assert.deepEqual(answer, { ok: false, reason: 'too_slow' });
  }
});

test('an invalid item invalidates the list: a partial list would look like removals', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  await here.sync();
  here.site.trouble = (path) =>
    path === '/rest/api/content'
      ? {
          status: 200,
          headers: json,
          body: JSON.stringify({ results: [{ id: '../../x', title: 'x', version: { number: 1 } }] }),
        }
      : undefined;
  const ended = await here.sync();
  assert.deepEqual([ended.state, ended.reason, ended.removed], ['failed', 'garbled', 0]);
});

test('a sync stops when the session that started it ends, and the next one resumes it', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  let isOver = false;
  here.site.trouble = (path) => {
    // The first list has arrived: now the session ends, and Confluence answers slowly.
    if (!/\/content\//.test(path) || isOver) return undefined;
    isOver = true;
    return 'hang';
  };
  const { promise, resolve, reject } = Promise.withResolvers<SyncSummary | { busy: true }>();
  duringChange(
    async () => {
      if (isOver) throw new HttpError('session_ended');
    },
    () => void here.connect({ timeoutMs: 5000, tries: 1 }).sync(everything).then(resolve, reject),
  );
  const ended = await promise;
  assert.ok('state' in ended);
  assert.deepEqual([ended.state, ended.reason], ['paused', 'session_ended']);
  const next = await here.sync();
  assert.deepEqual([next.state, next.resumed], ['done', true]);
});

test('an attachment that is too large, or larger than announced, is reported and not kept', async (t) => {
  const here = await place(t, { kind: 'data-center', share: 0.005 }, { fileLimit: 1000 });
  const { content } = here.site;
  content.attachments.clear();
  const [page] = content.pages.values();
  const said = content.attach(page?.id ?? '', {
    title: 'large.bin',
    mediaType: 'x/y',
    bytes: new Uint8Array(5000),
  });
  content.attach(page?.id ?? '', { title: 'lying.bin', mediaType: 'x/y', bytes: new Uint8Array(10) });
  const small = content.attach(page?.id ?? '', {
    title: 'small.txt',
    mediaType: 'text/plain',
    bytes: new Uint8Array(10),
  });
  here.site.trouble = (path) =>
    path.endsWith('/lying.bin')
      ? { status: 200, headers: { 'content-type': 'x/y' }, body: new Uint8Array(5000) }
      : undefined;
  const ended = await here.sync();
  assert.deepEqual(
    ended.failures.map(({ file, reason }) => `${file} ${reason}`),
    ['large.bin too_large', 'lying.bin too_large'],
  );
  assert.equal(here.library.attachment(said.id), undefined);
  assert.equal(readdirSync(here.library.filesFolder).length, 1);
  assert.equal(here.library.attachmentsOf(page?.id ?? '')[0]?.id, small.id);
});

test('a page in place of a file is a refusal, an HTML file is a file', async (t) => {
  const here = await place(t, { kind: 'data-center', share: 0.005 });
  const [page] = here.site.content.pages.values();
  const bytes = new TextEncoder().encode('<title>Log in</title>');
  here.site.content.attach(page?.id ?? '', { title: 'page.html', mediaType: 'text/html', bytes });
  assert.equal((await here.sync()).state, 'done');
  here.site.content.attach(page?.id ?? '', { title: 'x.png', mediaType: 'image/png', bytes });
  here.site.trouble = (path) =>
    path.endsWith('x.png')
      ? { status: 200, headers: { 'content-type': 'text/html' }, body: bytes }
      : undefined;
  const ended = await here.sync();
  assert.deepEqual([ended.state, ended.reason], ['paused', 'sign_in_page']);
});
