// The library with expensive pages: only their own readers wait; what they refer to is looked up once.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { HttpError } from '../src/http/errors.ts';
import { exportInChild } from '../src/library/export/export-process.ts';
import { createSearch } from '../src/library/pages/search.ts';
import { renderPage } from '../src/library/render/render.ts';
import { begin, type Desk, grace, startDesk } from './support/desk.ts';
import { startVariant } from './support/hostile.ts';
import { createLibraryFixture, type LibraryFixture } from './support/library.ts';

let desk: Desk;
let library: LibraryFixture;
let app: Awaited<ReturnType<typeof startVariant>>;
let heavy: string;

before(async () => {
  desk = await startDesk({ store: 'sqlite', settings: { PUBLIC_URL: 'http://localhost:4180' } });
  library = createLibraryFixture();
  library.space('DOC', 'Platform handbook');
  heavy = library.page({ title: 'Heavy', body: `<table>${'<tr><td>x</td></tr>'.repeat(48_000)}</table>` });
  library.page({ title: 'Words', body: `<p>${'again '.repeat(100_000)}</p>` });
  const { database } = library.parts.pages;
  database.exec('BEGIN');
  for (let index = 0; index < 20_000; index++)
    library.page({ title: `Page ${index}`, body: '<p>x</p>', parent: heavy });
  database.exec('COMMIT');
  app = await startVariant(desk, { library: { library: library.parts, recorder: library.recorder } });
});
after(async () => {
  await app.close();
  library.close();
  await desk.close();
});

test('a page of a million characters blocks nobody, and is rendered once', async () => {
  const { browser } = await begin({ ...desk, origin: app.origin, browser: app.browser }, grace);
  let [isDone, longest, last] = [false, 0, performance.now()];
  const open = async () => {
    const began = performance.now();
    const { status, text } = await browser.ask(`/library/pages/${heavy}/body`);
    assert.equal(status, 200);
    assert.match(text, /<td>x<\/td>/);
    return performance.now() - began;
  };
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 5);
  const opened = open().finally(() => {
    isDone = true;
  });
  while (!isDone) assert.equal((await browser.ask('/health')).status, 200);
  clearInterval(timer);
  const first = await opened;
  assert.ok(
    longest < first / 2,
    `the server stood still for ${Math.round(longest)} of ${Math.round(first)} ms`,
  );
  const again = await open();
  assert.ok(again < first / 2, `${Math.round(again)} ms after ${Math.round(first)} ms`);
});

test('a page that needs more memory than allowed says so; the server keeps running and serves others meanwhile', async (t) => {
  const small = await startVariant(desk, {
    library: { library: library.parts, recorder: library.recorder, reading: { memoryMb: 24 } },
  });
  t.after(() => small.close());
  const { browser } = await begin({ ...desk, origin: small.origin, browser: small.browser }, grace);
  let isDone = false;
  const opened = browser.ask(`/library/pages/${heavy}/body`).finally(() => {
    isDone = true;
  });
  while (!isDone) assert.equal((await browser.ask('/health')).status, 200);
  const { status, text } = await opened;
  assert.equal(status, 200);
  assert.match(text, /This page needs more memory than allowed to be shown here/);
  assert.match((await browser.ask('/library?q=Heavy')).text, /1 page/);
});

test('an export that needs more memory than allowed says so', async () => {
  const entry = new URL('../src/wiring/library-process.ts', import.meta.url);
  const data = {
    dataDir: join(library.folder, 'data'),
    url: undefined,
    exportsFolder: join(library.folder, 'exports'),
    style: { css: '', source: '' },
  };
  const start = exportInChild(entry, data, library.recorder, 24);
  assert.deepEqual(await start({ scope: { page: heavy }, format: 'html', by: 'terminal' }), {
    kind: 'memory',
  });
});

test('an export stops when the session that started it ends', async () => {
  const entry = new URL('../src/wiring/library-process.ts', import.meta.url);
  const data = {
    dataDir: join(library.folder, 'data'),
    url: undefined,
    exportsFolder: join(library.folder, 'exports'),
    style: { css: '', source: '' },
  };
  const stopping = new AbortController();
  const start = exportInChild(entry, data, library.recorder);
  const onProgress = () => stopping.abort(new HttpError('session_ended'));
  await assert.rejects(
    start({ scope: { space: 'DOC' }, format: 'html', by: 'terminal', onProgress, signal: stopping.signal }),
    { code: 'session_ended' },
  );
});

test('a search for a word that fills a whole page', () => {
  const search = createSearch(library.parts.pages.database);
  const began = performance.now();
  const { found } = search({ text: 'again', space: undefined, from: 0 });
  assert.equal(found[0]?.snippet.filter(({ hit }) => hit).length, 28);
  assert.ok(performance.now() - began < 5000, `${Math.round(performance.now() - began)} ms`);
});

test('a title is looked up through an index', () => {
  const { database } = library.parts.pages;
  const plan = database.prepare('EXPLAIN QUERY PLAN SELECT id FROM page WHERE space = ? AND title = ?');
  assert.match(String(plan.get('DOC', 'Page 1')?.['detail']), /page_by_title/);
});

test('a page that names thousands, in a space of thousands', () => {
  const { pages, url } = library.parts;
  const page = pages.page(heavy);
  assert.ok(page);
  const counts = { title: 0, id: 0 };
  const counted = {
    ...pages,
    page: (id: string) => {
      counts.id++;
      return pages.page(id);
    },
    pageByTitle: (space: string, title: string) => {
      counts.title++;
      return pages.pageByTitle(space, title);
    },
  };
  const link = (title: string) => `<ac:link><ri:page ri:content-title="${title}" /></ac:link>`;
  const links = Array.from(
    { length: 3000 },
    (_, index) => link(`Page ${index}`) + link('Page 1') + link('No'),
  );
  const body = `${links.join('')}<ac:structured-macro ac:name="children" />`;
  const began = performance.now();
  const html = renderPage({ ...page, body }, { pages: counted, url });
  assert.ok(performance.now() - began < 10_000, `${Math.round(performance.now() - began)} ms`);
  assert.deepEqual(counts, { title: 3001, id: 0 });
  assert.match(html, /<span class="quiet">and 19500 more<\/span>/);
});
