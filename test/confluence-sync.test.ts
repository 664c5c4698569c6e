// A sync against either kind of Confluence: everything once, then only what changed, for every scope.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { everything, type Scope } from '../src/confluence/scope.ts';
import { differences, kinds, type Place, place } from './support/confluence.ts';

const dayMs = 86_400_000;
const bytes = (text: string) => new TextEncoder().encode(text);

function pageNamed({ site }: Place, title: string) {
  const found = [...site.content.pages.values()].find((page) => page.title === title);
  assert.ok(found, title);
  return found;
}

for (const kind of kinds) {
  test(`${kind}: hundreds of pages with attachments, then only the changes`, async (t) => {
    const here = await place(t, { kind, share: 0.25 });
    const { site, library } = here;
    const [pages, attached] = [site.content.pages.size, site.content.attachments.size];
    assert.ok(pages >= 490 && attached >= 140, `${pages} pages, ${attached} attachments`);
    const before = performance.now();
    const first = await here.sync();
    const seconds = (performance.now() - before) / 1000;
    assert.equal(first.state, 'done');
    assert.deepEqual([first.added, first.files, first.failed], [pages, attached, 0]);
    assert.deepEqual(differences(here), []);
    const peak = Math.round(process.resourceUsage().maxRSS / 1024);
    t.diagnostic(
      `${kind}: ${Math.round(pages / seconds)} pages/s, ${first.requests} requests, peak ${peak} MB with the stand-in in the same process`,
    );

    const idleRun = await here.sync();
    assert.deepEqual([idleRun.unchanged, idleRun.added, idleRun.updated, idleRun.moved], [pages, 0, 0, 0]);
    assert.ok(idleRun.requests <= 30, `${idleRun.requests} requests to see that nothing changed`);

    const { content } = site;
    const edited = pageNamed(here, 'Release 8');
    content.edit(edited.id, { body: '<p>new words</p>' });
    content.edit(pageNamed(here, 'Release 16').id, { title: 'Renamed 16' });
    const moved = pageNamed(here, 'Release 24');
    content.move(moved.id, { parent: edited.id });
    const crossed = pageNamed(here, 'Release 32');
    content.move(crossed.id, { space: 'OPS', parent: null });
    const gone = pageNamed(here, 'Release 40');
    content.remove(gone.id);
    const made = content.add({ space: 'HR', title: 'Brand new', body: '<p>x</p>' });
    content.attach(made.id, { title: 'a.txt', mediaType: 'text/plain', bytes: bytes('a') });
    const files = [...content.attachments.values()];
    const [replaced, detached] = files.filter((file) => file.title === 'diagram.png' && file.version === 1);
    assert.ok(replaced && detached);
    content.replaceFile(replaced.id, bytes('another picture'));
    content.detach(detached.id);
    content.attach(moved.id, { title: 'more.txt', mediaType: 'text/plain', bytes: bytes('more') });
    site.seen.length = 0;

    const second = await here.sync();
    assert.deepEqual(differences(here), []);
    assert.deepEqual([second.added, second.removed, second.files, second.failed], [1, 1, 3, 0]);
    assert.ok(second.requests <= idleRun.requests + 25, `${second.requests} requests for ten changes`);
    const fetched = site.seen.filter(({ path }) => /body/.test(path)).length;
    assert.ok(fetched <= 5, `${fetched} pages were fetched`);
    assert.equal(library.page(gone.id)?.status, 'removed');
    const matches = library.database.prepare('SELECT rowid FROM page_text WHERE page_text MATCH ?');
    assert.equal(matches.all('"new words"').length, 1);
    assert.equal(matches.all('title:"Renamed 16"').length, 1);
    const texts = library.database.prepare('SELECT count(*) AS n FROM page_text').get()?.['n'];
    assert.equal(texts, pages, 'a page that is gone is not found any more');
    // Neither replaced nor detached attachments are left in the folder.
    const known = library.database.prepare('SELECT count(*) AS n FROM attachment').get()?.['n'];
    assert.equal(readdirSync(library.filesFolder).length, known);
  });

  test(`${kind}: a space, a page with its descendants, a title, the last days`, async (t) => {
    const here = await place(t, { kind, share: 0.05 });
    const { site, library } = here;
    const pages = [...site.content.pages.values()];
    const live = () =>
      library.database.prepare("SELECT count(*) AS n FROM page WHERE status = 'live'").get()?.['n'];
    const sync = async (scope: Scope) => {
      const ended = await here.sync(scope);
      assert.equal(ended.state, 'done', String(ended.reason));
      return ended;
    };

    const top = pageNamed(here, 'Runbook 1');
    assert.equal((await sync({ of: { what: 'page', id: top.id, children: false } })).added, 1);
    const below = pages.filter(({ parent }) => parent === top.id);
    assert.equal(below.length, 5);
    const tree = await sync({ of: { what: 'page', id: top.id, children: true } });
    assert.deepEqual([tree.unchanged, tree.added >= 5], [1, true]);
    assert.deepEqual(
      library.children(top.id).map(({ id }) => id),
      below.map(({ id }) => id),
    );
    assert.equal(library.spaces()[0]?.name, 'Development');

    const titled = { what: 'title', space: 'HR', title: 'People: start here', children: false } as const;
    assert.equal((await sync({ of: titled })).added, 1);
    assert.equal(library.pageByTitle('HR', titled.title)?.space, 'HR');
    const missing = await here.sync({ of: { ...titled, title: 'no "such\\ page' } });
    assert.deepEqual([missing.state, missing.reason], ['failed', 'not_found']);

    await sync({ of: { what: 'spaces', keys: ['~ada', 'OPS'] } });
    assert.deepEqual(library.tree('OPS').length, 25);
    const unknown = await here.sync({ of: { what: 'spaces', keys: ['NO"PE'] } });
    assert.deepEqual([unknown.state, unknown.reason], ['failed', 'not_found']);

    const countBefore = live();
    here.tick(30 * dayMs);
    const changed = pages.filter(({ space }) => space === 'DOCS').slice(0, 3);
    for (const { id } of changed) site.content.edit(id, { body: '<p>fresh</p>' });
    const withFile = pages.filter(({ space }) => space === 'DOCS').at(-1);
    site.content.attach(withFile?.id ?? '', { title: 'n.txt', mediaType: 'text/plain', bytes: bytes('n') });
    here.tick(dayMs);
    assert.equal((await sync({ ...everything, days: 2 })).added, 4);
    assert.equal(live(), Number(countBefore) + 4);
    assert.equal((await sync({ ...everything, days: 2 })).unchanged, 4);

    await sync(everything);
    assert.deepEqual(differences(here), []);
    const anew = await sync({ ...everything, anew: true });
    assert.deepEqual([anew.updated, anew.files], [pages.length, 0]);
  });

  test(`${kind}: a page missing from one list is kept, a deleted page is removed, a restored one reappears`, async (t) => {
    const here = await place(t, { kind });
    const { site, library } = here;
    await here.sync();
    const page = pageNamed(here, 'Runbook 1');
    // As when another page is deleted between two parts of a list: one page is skipped.
    const { values } = site.content.pages;
    const all = site.content.pages;
    all.values = function* (this: typeof all) {
      for (const one of values.call(this)) if (one !== page) yield one;
    } as typeof values;
    assert.equal((await here.sync()).removed, 0);
    assert.equal(library.page(page.id)?.status, 'live');
    all.values = values;

    site.content.remove(page.id);
    const ended = await here.sync();
    assert.equal(ended.removed, 1);
    assert.equal(library.page(page.id)?.status, 'removed');
    assert.ok(library.page(page.id)?.body, 'what was fetched stays readable');
    page.status = 'current';
    assert.equal((await here.sync()).added, 1);
    assert.deepEqual(differences(here), []);

    const space = [...site.content.spaces.values()].find(({ key }) => key === 'HR');
    site.content.spaces.delete('HR');
    for (const one of site.content.pages.values()) if (one.space === 'HR') one.status = 'trashed';
    const without = await here.sync();
    assert.ok(space && without.removed > 0);
    assert.ok(!library.spaces().some(({ key }) => key === 'HR'));
  });
}

test('files are readable only by their owner, named by digest, and contain what was sent', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  const { site, library, dataDir } = here;
  const [page] = site.content.pages.values();
  const title = '../../../etc/passwd\u0000.png';
  const file = site.content.attach(page?.id ?? '', {
    title,
    mediaType: 'image/png',
    bytes: bytes('picture'),
  });
  // A leftover of a killed sync.
  writeFileSync(join(library.filesFolder, 'scrap.part'), 'x');
  await here.sync();
  const stored = library.attachment(file.id);
  assert.ok(stored);
  assert.equal(stored.title, title);
  assert.match(stored.path, /library\/attachments\/[\da-f]{64}$/);
  assert.equal(readFileSync(stored.path, 'utf8'), 'picture');
  for (const name of ['library.db', 'library.db-wal', 'library.db-shm', 'library-sync.lock']) {
    assert.equal(statSync(join(dataDir, name)).mode & 0o077, 0, name);
  }
  for (const name of readdirSync(library.filesFolder)) {
    assert.match(name, /^[\da-f]{64}$/);
    assert.equal(statSync(join(library.filesFolder, name)).mode & 0o077, 0);
  }
  assert.equal(statSync(library.filesFolder).mode & 0o077, 0);
});

test('pages that are each other’s parents, and any kind of text, are stored completely', async (t) => {
  const here = await place(t, { kind: 'cloud' });
  const { content } = here.site;
  const a = content.add({
    space: 'DEV',
    title: '<script>alert(1)</script>\u202e "\'',
    body: '\u0000<p>\ud83d\ude00</p>',
  });
  const b = content.add({ space: 'DEV', title: 'x'.repeat(5000), body: '<'.repeat(10_000), parent: a.id });
  content.move(a.id, { parent: b.id });
  await here.sync();
  assert.deepEqual(differences(here), []);
  const tree = here.library.tree('DEV');
  assert.equal(tree.length, 18);
  assert.equal(new Set(tree.map(({ id }) => id)).size, 18);
});
