// The library's routes: who may do what, what each response allows a browser to do, the search, and the frame in a real browser.
import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { openLibrary } from '../src/confluence/library-store.ts';
import { type ExportRequest, exportPages } from '../src/library/export/export.ts';
import { pageStyle } from '../src/library/render/document.ts';
import { launchChromium } from './support/chromium.ts';
import { ada, begin, type Desk, grace, startDesk } from './support/desk.ts';
import { startVariant } from './support/hostile.ts';
import { createLibraryFixture, type LibraryFixture, pageCss, png } from './support/library.ts';
import { everyMacro } from './support/library-page.ts';
import { need } from './support/requirement.ts';

let desk: Desk;
let library: LibraryFixture;
let app: Awaited<ReturnType<typeof startVariant>>;
let started: string[];
let root: string;
let picture: string;
let pdf: string;

before(async () => {
  desk = await startDesk({ store: 'sqlite', settings: { PUBLIC_URL: 'http://localhost:4180' } });
  started = [];
  const progress = () =>
    ({
      state: 'running',
      done: 3,
      found: 12,
      added: 1,
      updated: 1,
      skipped: 1,
      failed: 0,
      failures: [],
      wantsCookies: false,
    }) as const;
  library = createLibraryFixture({
    startSync: async ({ email }) => {
      started.push(email);
      return 'started';
    },
    progress,
  });
  library.space('DOC', 'Platform handbook');
  root = library.page({ title: 'Handbook', body: everyMacro, version: 12 });
  library.page({
    title: 'Deploying',
    body: '<p>How to roll out, slowly. 100% "sure" — naïve café.</p>',
    parent: root,
  });
  library.page({ title: 'Old', body: '<p>rollback</p>', status: 'removed', parent: root });
  picture = library.file(root, 'diagram.png', 'image/png', png(600, 300, [200, 120, 60]));
  pdf = library.file(root, 'run"book\r\n.pdf', 'text/html', Buffer.from('<script>1</script>'));
  app = await startVariant(desk, { library: { library: library.parts, recorder: library.recorder } });
});
after(async () => {
  await app.close();
  library.close();
  await desk.close();
});

const signedIn = (person: typeof ada) => begin({ ...desk, origin: app.origin, browser: app.browser }, person);
const header = (answer: { headers: Readonly<Record<string, string | string[] | undefined>> }, name: string) =>
  [answer.headers[name] ?? ''].flat().join(', ');

test('members can read; unknown ids are 404; strangers see nothing', async () => {
  const { browser } = await signedIn(grace);
  for (const path of [
    '/library',
    '/library?q=roll',
    '/library/spaces/DOC',
    `/library/pages/${root}`,
    `/library/pages/${root}/body`,
    `/library/attachments/${picture}`,
    '/library/progress',
  ])
    assert.equal((await browser.ask(path)).status, 200, path);
  for (const path of [
    '/library/pages/9999',
    '/library/pages/9999/body',
    '/library/attachments/att0',
    '/library/spaces/NO',
    '/library?q=x&space=NO',
    '/library/nothing',
    `/library/pages/..%2f${root}`,
    '/library/attachments/..%2f..%2flibrary.db',
  ])
    assert.equal((await browser.ask(path)).status, 404, path);
  for (const path of [`/library/pages/${root}/body`, `/library/attachments/${picture}`])
    assert.equal(
      (await app.browser().ask(path, { headers: { accept: 'application/json' } })).status,
      401,
      path,
    );
  assert.equal(
    (await browser.ask('/library/pages/x', { method: 'PUT', headers: { origin: app.origin } })).status >= 400,
    true,
  );
});

test('exports and syncs are for operators, and members see no link to them', async () => {
  const member = await signedIn(grace);
  for (const path of ['/library/exports', '/library/exports/x'])
    assert.equal((await member.browser.ask(path)).status, 403, path);
  for (const path of ['/library/exports', '/library/sync'])
    assert.equal((await member.change(path, { page: root, format: 'html' })).status, 403, path);
  const page = (await member.browser.ask(`/library/pages/${root}`)).text;
  assert.doesNotMatch(page, /\/library\/exports|\/library\/sync/);
  assert.deepEqual(started, []);
  const operator = await signedIn(ada);
  assert.equal((await operator.change('/library/sync')).location, '/library');
  assert.deepEqual(started, [ada.email]);
  assert.equal((await operator.change('/library/sync', {}, { 'x-csrf-token': 'x' })).status, 403);
});

test('the page allows only frames of this site; the body’s policy allows one style sheet and one folder', async () => {
  const { browser } = await signedIn(grace);
  const page = await browser.ask(`/library/pages/${root}`);
  assert.match(header(page, 'content-security-policy'), /;frame-src 'self'$/);
  assert.match(header(page, 'content-security-policy'), /default-src 'none';script-src 'nonce-/);
  assert.match(
    page.text,
    /<iframe [^>]*src="\/library\/pages\/\d+\/body" title="Handbook" sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"/,
  );
  assert.doesNotMatch(header(await browser.ask('/library'), 'content-security-policy'), /frame-src/);
  const body = await browser.ask(`/library/pages/${root}/body`);
  const policy = header(body, 'content-security-policy');
  assert.match(
    policy,
    /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; img-src http:\/\/localhost:\d+\/library\/attachments\/; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-same-origin/,
  );
  assert.doesNotMatch(policy, /script|unsafe|\*|data:/);
  assert.equal(header(body, 'x-frame-options'), 'SAMEORIGIN');
  for (const answer of [page, body]) {
    assert.equal(header(answer, 'x-content-type-options'), 'nosniff');
    assert.equal(header(answer, 'cache-control'), 'no-store');
    assert.doesNotMatch(answer.text, /<script(?! src="\/assets\/)|\son\w+=|style="/);
  }
  assert.doesNotMatch(body.text, /<script/);
});

test('attachments: safe image types are displayed, everything else is downloaded, whatever type Confluence gives it', async () => {
  const { browser } = await signedIn(grace);
  const shown = await browser.ask(`/library/attachments/${picture}`);
  assert.deepEqual(
    [header(shown, 'content-type'), header(shown, 'content-disposition')],
    ['image/png', `inline; filename="diagram.png"; filename*=UTF-8''diagram.png`],
  );
  const saved = await browser.ask(`/library/attachments/${pdf}`);
  assert.equal(header(saved, 'content-type'), 'application/octet-stream');
  assert.match(header(saved, 'content-disposition'), /^attachment; filename="run-book\.pdf"/);
  assert.match(
    header(await browser.ask(`/library/attachments/${picture}?download=1`), 'content-disposition'),
    /^attachment/,
  );
  for (const answer of [shown, saved]) {
    assert.equal(header(answer, 'x-content-type-options'), 'nosniff');
    assert.equal(
      header(answer, 'content-security-policy'),
      "default-src 'none'; frame-ancestors 'self'; sandbox",
    );
  }
});

test('the search: prefixes, phrases, accents, no index syntax, no removed pages', async () => {
  const { browser } = await signedIn(grace);
  const titles = async (text: string) =>
    [
      ...(await browser.ask(`/library?${new URLSearchParams({ q: text })}`)).text.matchAll(
        /class="found-link"[^>]*>(.*?)<\/a>/g,
      ),
    ].map(([, title]) => title?.replace(/<\/?mark>/g, ''));
  assert.deepEqual(await titles('slowl'), ['Deploying']);
  assert.deepEqual(await titles('slowl '), []);
  assert.deepEqual(await titles('naive cafe'), ['Deploying']);
  assert.deepEqual(await titles('"roll out"'), ['Deploying', 'Handbook']);
  assert.deepEqual(await titles('"out roll"'), []);
  assert.deepEqual(await titles('rollback'), []);
  assert.equal((await titles('deploy'))[0], 'Deploying', 'a word of the title weighs more');
  for (const odd of [
    '"',
    '""',
    'a"b',
    '*',
    'a*',
    'title:x',
    'NEAR(a b)',
    'a AND',
    'OR',
    'NOT x',
    '^a',
    '(',
    '-',
    'a-b',
    '{x}:y',
    "'; DROP TABLE page; --",
    '\u0000',
    '\ue000',
    '100%',
    '§',
    'ａ',
    '👩‍👩‍👧',
    'x'.repeat(3000),
    '" '.repeat(200),
  ]) {
    const answer = await browser.ask(`/library?${new URLSearchParams({ q: odd })}`);
    assert.equal(answer.status, 200, odd.slice(0, 20));
  }
  const marked = (await browser.ask('/library?q=cluster')).text;
  assert.match(marked, /<mark>cluster<\/mark>/);
});

test('an export is recorded first; if it cannot be recorded, nothing is written', async () => {
  const operator = await signedIn(ada);
  library.recorder.fails = true;
  assert.equal((await operator.change('/library/exports', { page: root, format: 'html' })).status, 503);
  assert.throws(() => readdirSync(library.parts.exportsFolder), /ENOENT/);
  library.recorder.fails = false;
  library.recorder.events.length = 0;
  assert.equal(
    (await operator.change('/library/exports', { page: root, format: 'html' })).location,
    '/library/exports',
  );
  assert.deepEqual(library.recorder.events, [
    {
      event: 'library.exported',
      person: { id: ada.id, email: ada.email },
      facts: { format: 'html', pages: 1, page: root },
    },
  ]);
  const list = await operator.browser.ask('/library/exports');
  const [, path = ''] = /href="(\/library\/exports\/[\w-]{22})">DOC\/Handbook\.html</.exec(list.text) ?? [];
  const file = await operator.browser.ask(path);
  assert.equal(
    header(file, 'content-disposition'),
    `attachment; filename="Handbook.html"; filename*=UTF-8''Handbook.html`,
  );
  assert.equal(header(file, 'content-type'), 'application/octet-stream');
  assert.match(file.text, /<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;/);
  assert.match(file.text, /<img src="data:image\/png;base64,iVBOR/);
  assert.equal((await operator.browser.ask('/library/exports/AAAAAAAAAAAAAAAAAAAAAA')).status, 404);
  for (const fields of [
    { page: root, space: 'DOC', format: 'html' },
    { format: 'html' },
    { page: root, format: 'exe' },
    { page: root, format: 'html', folder: '/etc' },
  ])
    assert.equal((await operator.change('/library/exports', fields as Record<string, string>)).status, 400);
  assert.equal((await operator.change('/library/exports', { page: '../x', format: 'html' })).status, 404);
});

suite('exports on disk', () => {
  const run = (
    format: ExportRequest['format'],
    scope: ExportRequest['scope'] = { space: 'DOC' },
    exportsFolder = library.parts.exportsFolder,
  ) =>
    exportPages(
      { scope, format, by: 'terminal' },
      {
        pages: library.parts.pages,
        url: library.parts.url,
        exportsFolder,
        recorder: library.recorder,
        style: pageStyle(pageCss()),
      },
    );

  test('Markdown: headings, lists, tasks, tables, fences, links to neighbouring files, images copied', async () => {
    assert.equal((await run('markdown')).kind, 'done');
    const folder = join(library.parts.exportsFolder, 'DOC');
    const text = readFileSync(join(folder, 'Handbook.md'), 'utf8');
    for (const part of [
      '# Handbook\n',
      '\n## Deploying\n',
      '- [x] The error rate',
      '- [ ] The queue',
      '```bash\n# Only if',
      '| --- |',
      '[Deploying](<./Deploying.md>)',
      '> **Note**',
      '1. found late',
      '(<https://www.postgresql.org/docs/>)',
    ])
      assert.ok(text.includes(part), `${part} is missing:\n${text.slice(0, 1500)}`);
    const [, name = ''] = /!\[How requests travel\]\(<files\/([^>]+)>\)/.exec(text) ?? [];
    assert.ok(
      readFileSync(join(folder, 'files', decodeURIComponent(name)))
        .subarray(1, 4)
        .equals(Buffer.from('PNG')),
    );
  });

  test('nothing is written through a link or over another file', async () => {
    const outside = join(library.folder, 'outside');
    mkdirSync(outside);
    const linked = join(library.folder, 'linked');
    symlinkSync(outside, linked);
    assert.equal((await run('html', { page: root }, linked)).kind, 'unwritable');
    const own = join(library.folder, 'own');
    mkdirSync(own);
    symlinkSync(outside, join(own, 'DOC'));
    assert.equal((await run('html', { page: root }, own)).kind, 'unwritable');
    rmSync(join(own, 'DOC'));
    mkdirSync(join(own, 'DOC'));
    writeFileSync(join(outside, 'victim'), 'mine');
    symlinkSync(join(outside, 'victim'), join(own, 'DOC', 'Handbook.html'));
    assert.equal((await run('html', { page: root }, own)).kind, 'done');
    assert.equal(readFileSync(join(outside, 'victim'), 'utf8'), 'mine');
    assert.deepEqual(readdirSync(outside), ['victim']);
    writeFileSync(join(library.folder, 'file'), '');
    assert.equal((await run('html', { page: root }, join(library.folder, 'file'))).kind, 'unwritable');
  });

  test('one export at a time', async () => {
    const outcomes = await Promise.all([run('html'), run('html')]);
    assert.deepEqual(outcomes.map(({ kind }) => kind).sort(), ['busy', 'done']);
  });

  test('PDF through Chromium, and a clear message without it', async (t) => {
    const { skip } = await need('chromium');
    const { CHROMIUM_BIN } = process.env;
    t.after(() => {
      if (CHROMIUM_BIN === undefined) delete process.env['CHROMIUM_BIN'];
      else process.env['CHROMIUM_BIN'] = CHROMIUM_BIN;
    });
    process.env['CHROMIUM_BIN'] = '/nowhere';
    assert.equal((await run('pdf', { page: root })).kind, 'no-browser');
    delete process.env['CHROMIUM_BIN'];
    if (skip) {
      t.skip(skip);
      return;
    }
    const left = join(library.parts.exportsFolder, '.pdf-left');
    mkdirSync(left, { recursive: true });
    utimesSync(left, new Date(0), new Date(0));
    const outcome = await run('pdf', { page: root });
    assert.deepEqual(outcome.kind === 'done' && outcome.failed, []);
    const bytes = readFileSync(join(library.parts.exportsFolder, 'DOC', 'Handbook.pdf'));
    assert.equal(bytes.subarray(0, 5).toString(), '%PDF-');
    assert.ok(bytes.length > 20_000);
    assert.deepEqual(
      readdirSync(library.parts.exportsFolder).filter((name) => name.startsWith('.pdf-')),
      [],
    );
  });
});

test('in a browser: the frame grows with its page, links lead where they say, and it can be read by keyboard without scripts', async (t) => {
  const { skip } = await need('chromium');
  if (skip) {
    t.skip(skip);
    return;
  }
  const browser = await launchChromium();
  t.after(() => browser.close());
  const context = await browser.newContext({ extraHTTPHeaders: desk.gateHeaders(grace) });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (line) => complaints.push(line.text()));
  await page.goto(`${app.origin}/dashboard`);
  await page.goto(`${app.origin}/library/pages/${root}`);
  await page.waitForFunction(`document.querySelector('.page-frame').clientHeight > 1500`);
  // Checked before the test itself looks into the frame, which makes the browser log a sandbox message.
  assert.deepEqual(complaints, []);
  const frame = page.frameLocator('.page-frame');
  const img = frame.locator('img').first();
  await img.scrollIntoViewIfNeeded();
  const width = () => img.evaluate((one) => (one as unknown as { naturalWidth: number }).naturalWidth);
  for (let tries = 0; tries < 100 && (await width()) !== 600; tries++) await page.waitForTimeout(50);
  assert.equal(await width(), 600, 'the picture is loaded with this person’s session');
  await frame.getByRole('link', { name: 'Services', exact: true }).click();
  await page.waitForFunction('scrollY > 100');
  const popup = context.waitForEvent('page');
  await context.route('https://www.postgresql.org/**', (route) =>
    route.fulfill({ contentType: 'text/html', body: '<title>there</title>' }),
  );
  await frame.getByRole('link', { name: 'PostgreSQL’s manual' }).click();
  const opened = await popup;
  await opened.waitForLoadState();
  assert.equal(await opened.evaluate('opener === null && document.referrer === ""'), true);
  await frame.locator('.children a', { hasText: 'Deploying' }).click();
  await page.waitForURL(/\/library\/pages\/\d+$/);
  await page.locator('h1', { hasText: 'Deploying' }).waitFor();

  const quiet = await browser.newContext({
    extraHTTPHeaders: desk.gateHeaders(grace),
    javaScriptEnabled: false,
    viewport: { width: 1280, height: 700 },
  });
  const still = await quiet.newPage();
  await still.goto(`${app.origin}/dashboard`);
  await still.goto(`${app.origin}/library/pages/${root}`);
  await still.locator('.page-frame').focus();
  const before = await still.locator('.page-frame').screenshot();
  await still.keyboard.press('PageDown');
  await still.waitForTimeout(400);
  assert.ok(!before.equals(await still.locator('.page-frame').screenshot()), 'the frame scrolls by key');
});

test('with nothing fetched, the page says what to do', async (t) => {
  const bare = createLibraryFixture({ startSync: async () => 'started' });
  const variant = await startVariant(desk, { library: { library: bare.parts, recorder: bare.recorder } });
  const unset = await startVariant(desk, {
    library: { library: { ...bare.parts, url: undefined }, recorder: bare.recorder },
  });
  t.after(async () => {
    await variant.close();
    await unset.close();
    bare.close();
  });
  const open = async (origin: typeof variant, person: typeof ada) => {
    const browser = origin.browser(person);
    await browser.ask('/dashboard');
    return (await browser.ask('/library')).text;
  };
  assert.match(await open(variant, ada), /gatehouse confluence sync<\/code>.*action="\/library\/sync"/s);
  assert.doesNotMatch(await open(variant, grace), /action="\/library\/sync"/);
  assert.match(await open(unset, ada), /CONFLUENCE_URL/);
  assert.match(await open(unset, grace), /An operator can connect one/);
});

test('the library opens what a sync wrote, in a file of its own', () => {
  const again = openLibrary(join(library.folder, 'data'));
  assert.equal(again.page(root)?.title, 'Handbook');
  again.close();
});
