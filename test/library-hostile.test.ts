// Untrusted content in a real Chromium: nothing runs, nothing is loaded, nothing leaves the frame or the folder. Each defence alone, then
// all together.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { exportPages } from '../src/library/export/export.ts';
import { bodyPolicy, frameSandbox, pageStyle } from '../src/library/render/document.ts';
import { renderPage } from '../src/library/render/render.ts';
import { ada, type Desk, startDesk } from './support/desk.ts';
import { startVariant } from './support/hostile.ts';
import { hostileBodies, hostileTitles } from './support/hostile-pages.ts';
import { createLibraryFixture, type LibraryFixture, pageCss, png } from './support/library.ts';
import { type WatchedBrowser, watchedBrowser } from './support/library-browser.ts';
import { need } from './support/requirement.ts';

interface Found {
  readonly odd: number;
  readonly handlers: number;
  readonly schemes: readonly string[];
  readonly again: string;
}

/** Runs in the page: collects elements of other namespaces, attributes that could run, link targets, and the tree as text. */
const lookAround = `(() => {
  const all = [...document.querySelectorAll('main *')];
  const names = all.flatMap((one) => one.getAttributeNames());
  return {
    odd: all.filter((one) => one.namespaceURI !== 'http://www.w3.org/1999/xhtml').length,
    handlers: names.filter((name) => name.startsWith('on') || name === 'style').length,
    schemes: [...new Set([...document.querySelectorAll('a[href]')].map((one) => one.protocol))],
    again: document.querySelector('main').innerHTML,
  };
})()`;

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
    await context.route('http://bare.test/**', (route) => {
      const index = Number(new URL(route.request().url()).pathname.slice(1));
      const stored = library.parts.pages.page(ids[index] ?? '');
      if (!stored) return route.fulfill({ status: 404, body: '' });
      return route.fulfill({
        contentType: 'text/html; charset=utf-8',
        body: `<!doctype html><main>${renderPage(stored, library.parts)}</main>`,
      });
    });
    for (const [index, [about]] of hostileBodies.entries()) {
      await page.goto(`http://bare.test/${index}`);
      const found = (await page.evaluate(lookAround)) as Found;
      assert.deepEqual([found.odd, found.handlers], [0, 0], about);
      assert.deepEqual(
        found.schemes.filter((scheme) => !['http:', 'https:', 'mailto:'].includes(scheme)),
        [],
        about,
      );
      // The browser parsed exactly what was written: no mutation (mXSS).
      const stored = library.parts.pages.page(ids[index] ?? '');
      assert.equal(inOneForm(found.again), inOneForm(stored ? renderPage(stored, library.parts) : ''), about);
    }
    assert.deepEqual(ran, []);
    assert.deepEqual(foreign(asked, 'http://bare.test/'), []);
    await context.close();
  });

  test('frame and policy only, around unsanitised markup', slow, async () => {
    const { context, page, asked, ran } = await browser.context();
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
      if (pathname.startsWith('/page/'))
        return route.fulfill({
          contentType: 'text/html',
          headers: { 'content-security-policy': "frame-src 'self'" },
          body: `<!doctype html><iframe src="/body/${index}" sandbox="${frameSandbox}"></iframe>`,
        });
      return route.fulfill({ status: 404, body: '' });
    });
    for (const [index, [about, body]] of hostileBodies.entries()) {
      // Browsers themselves take long over the most deeply nested ones.
      if (body.length > 60_000) continue;
      await page.goto(`http://frame.test/page/${index}`);
      assert.equal(page.url(), `http://frame.test/page/${index}`, about);
      assert.deepEqual(ran, [], about);
    }
    // The browser also reports requests that the policy then blocked; none of them left the machine.
    assert.ok(foreign(asked, 'http://frame.test/').length > 0);
    assert.deepEqual(browser.arrived, []);
    await context.close();
  });

  /** Two windows in parallel; each opens every other page. */
  async function openAll(
    pathOf: (id: string) => string,
    look: (page: Page, path: string, about: string) => Promise<void>,
  ) {
    const opened = Array.from({ length: 2 }, async (_, lane) => {
      const { context, page, asked, ran } = await browser.context(desk.gateHeaders(ada));
      await page.goto(`${app.origin}/dashboard`);
      for (const [index, [about]] of hostileBodies.entries()) {
        if (index % 2 !== lane) continue;
        const path = `${app.origin}${pathOf(ids[index] ?? '')}`;
        await page.goto(path);
        assert.equal(page.url(), path, about);
        await look(page, path, about);
      }
      await context.close();
      assert.deepEqual(ran, []);
      assert.deepEqual(foreign(asked, app.origin), []);
      return asked;
    });
    const asked = (await Promise.all(opened)).flat();
    assert.deepEqual(browser.arrived, []);
    return asked;
  }

  test('as people open it: the page with its frame', slow, async () => {
    const asked = await openAll(
      (id) => `/library/pages/${id}`,
      async (page, path, about) => {
        assert.equal(page.frames().length, 2, about);
        assert.equal(page.frames()[1]?.url(), `${path}/body`, about);
        assert.ok((await page.locator('h1').textContent())?.startsWith(about.slice(0, 10)), about);
      },
    );
    assert.ok(
      asked.filter((url) => url.includes('/attachments/')).length >= 2,
      'pictures of the library are loaded',
    );
  });

  test('as people open it: the body alone, the search, the space', slow, async () => {
    await openAll(
      (id) => `/library/pages/${id}/body`,
      async (page, _path, about) => assert.equal(page.frames().length, 1, about),
    );
    const { context, page, asked, ran } = await browser.context(desk.gateHeaders(ada));
    for (const path of ['/dashboard', '/library?q=script+SENTINEL', '/library/spaces/DOC', '/library'])
      await page.goto(`${app.origin}${path}`);
    assert.deepEqual(ran, []);
    assert.deepEqual(foreign(asked, app.origin), []);
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
    for (const space of ['DOC', 'T']) {
      const names = readdirSync(join(exportsFolder, space)).filter((name) => name !== 'files');
      for (const name of names) {
        assert.equal(statSync(join(exportsFolder, space, name)).mode & 0o777, 0o600);
        if (!name.endsWith('.html')) continue;
        await page.goto(pathToFileURL(join(exportsFolder, space, name)).href);
      }
    }
    const own = pathToFileURL(exportsFolder).href;
    assert.deepEqual(foreign(asked, own, 'data:image/png;base64,'), []);
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
