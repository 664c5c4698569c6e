// A stop during a pause, a full disk, a clock that was set back, answers that match no schema: the sync ends, and nothing else is
// affected.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { leadsToSignIn } from '../src/confluence/answer.ts';
import { everything } from '../src/confluence/scope.ts';
import { differences, kinds, place, start } from './support/confluence.ts';

for (const kind of kinds) {
  test(`${kind}: a stop does not wait for a pause to end`, async (t) => {
    const here = await place(t, { kind });
    here.site.trouble = () => ({ status: 429, headers: { 'retry-after': '240' } });
    const { promise: paused, resolve: tell } = Promise.withResolvers<void>();
    const patient = here.connect({
      wait(ms, signal) {
        tell();
        return delay(ms, undefined, { signal });
      },
    });
    const sync = patient.sync(everything);
    await paused;
    const stopped = patient.stop().then(() => sync);
    const ended = await Promise.race([stopped, delay(10_000, 'no end', { ref: false })]);
    assert.ok(typeof ended === 'object' && 'state' in ended, 'it is still waiting');
    assert.deepEqual([ended.state, ended.reason], ['paused', 'stopped']);
  });
}

test('an answer that switches protocols ends the request', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
    );
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const here = await place(t, { kind: 'data-center' });
  const { port } = server.address() as { port: number };
  const asked = here.connect({ url: `http://127.0.0.1:${port}`, timeoutMs: 500 }).test();
  const answer = await Promise.race([asked, delay(10_000, 'no end', { ref: false })]);
  assert.deepEqual(answer, { ok: false, reason: 'unreachable' });
});

/** SQLite's error for a full disk. */
const full = "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END";

test('a heartbeat that cannot be written ends neither the process nor the sync', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  here.library.database.exec(`CREATE TRIGGER full BEFORE UPDATE OF alive_at ON sync_run ${full}`);
  t.mock.timers.enable({ apis: ['setInterval'] });
  const beats: unknown[] = [];
  here.site.trouble = (path) => {
    if (/\/content\/\d+$/.test(path) && beats.length === 0) {
      try {
        beats.push(t.mock.timers.tick(20_000));
      } catch (error) {
        beats.push(error);
      }
    }
    return undefined;
  };
  const ended = await here.sync();
  // Nobody catches what a timer throws.
  assert.deepEqual(beats, [undefined]);
  assert.deepEqual([ended.state, differences(here)], ['done', []]);
});

test('if even a failure cannot be stored, every worker ends before the lock is released', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  here.library.database.exec(`CREATE TRIGGER full BEFORE INSERT ON sync_failure ${full}`);
  const asked: string[] = [];
  here.site.trouble = (path) => {
    if (/\/content\/\d+$/.test(path)) asked.push(path);
    return asked.length === 1 ? { status: 418 } : undefined;
  };
  await assert.rejects(here.sync(), /disk is full/);
  const before = asked.length;
  await delay(200);
  assert.equal(asked.length, before);
  here.library.database.exec('DROP TRIGGER full');
  assert.deepEqual([(await here.sync()).state, differences(here)], ['done', []]);
});

test('a clock that was set back: a killed sync does not look alive until the clock has caught up', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  const ahead = start + 400 * 86_400_000;
  here.library.database
    .prepare("INSERT INTO sync_run (scope, state, started_at, alive_at) VALUES (?, 'running', ?, ?)")
    .run('{"what":"everything"}', ahead, ahead);
  assert.equal(here.confluence.status().running, false);
  assert.deepEqual([(await here.sync()).state, differences(here)], ['done', []]);
});

test('a sibling position that exceeds the column is left out', async (t) => {
  const here = await place(t, { kind: 'data-center', share: 0.005 });
  const extensions = { position: 1e300 };
  const page = { id: '9', title: 'x', version: { number: 1 }, extensions };
  here.site.trouble = (path) =>
    path === '/rest/api/content'
      ? {
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ results: [page] }),
        }
      : undefined;
  await assert.doesNotReject(async () => assert.equal((await here.sync()).state, 'done'));
});

test('an attachment that moves to another page keeps its bytes, whichever page is processed first', async (t) => {
  const here = await place(t, { kind: 'data-center', share: 0.005 });
  const { content } = here.site;
  content.attachments.clear();
  const [from, to] = [...content.pages.values()].filter(({ status }) => status === 'current');
  assert.ok(from && to);
  const file = content.attach(from.id, {
    title: 'plan.bin',
    mediaType: 'x/y',
    bytes: new Uint8Array(10),
  });
  await here.sync();
  Object.assign(file, { page: to.id });
  content.edit(from.id, { body: '<p>without it</p>' });
  content.edit(to.id, { body: '<p>with it</p>' });
  here.site.trouble = async (path) => {
    if (path.endsWith(`/content/${from.id}`))
      while (here.library.attachment(file.id)?.page !== to.id) await nextTurn();
    return undefined;
  };
  assert.deepEqual([(await here.sync()).state, differences(here)], ['done', []]);
  assert.ok(existsSync(here.library.attachment(file.id)?.path ?? ''), 'its bytes are gone');
  content.attachments.clear();
  here.site.trouble = undefined;
  content.edit(to.id, { body: '<p>gone</p>' });
  const path = here.library.attachment(file.id)?.path ?? '';
  await here.sync();
  assert.equal(existsSync(path), false);
});

test('a file whose name looks like a sign-in page is fetched, so that no author of a page can stop the sync', async (t) => {
  for (const kind of kinds) {
    const here = await place(t, { kind, share: 0.005 });
    const { content, mediaHost } = here.site;
    content.attachments.clear();
    const [page] = [...content.pages.values()].filter(({ status }) => status === 'current');
    const bytes = new Uint8Array(10);
    const file = content.attach(page?.id ?? '', { title: 'okta-sso.png', mediaType: 'image/png', bytes });
    const asked = new Map<string, number>();
    here.site.trouble = (path) => {
      const before = asked.get(path) ?? 0;
      asked.set(path, before + 1);
      if (before > 0) return undefined;
      const location =
        kind === 'cloud'
          ? `http://${mediaHost}/file?file=${file.id}&token=x&name=okta-sso.png`
          : `${here.site.url}${path}?version=1&name=/login`;
      return path.endsWith('/download') || path.startsWith('/download/')
        ? { status: 302, headers: { location } }
        : undefined;
    };
    const ended = await here.sync();
    assert.deepEqual([ended.state, ended.failed, differences(here)], ['done', 0, []], kind);
  }
});

test('a page in place of bytes, from a host that got no credentials, says nothing about the credentials', async (t) => {
  const here = await place(t, { kind: 'cloud', share: 0.005 });
  const { content } = here.site;
  content.attachments.clear();
  const [page] = [...content.pages.values()].filter(({ status }) => status === 'current');
  const bytes = new TextEncoder().encode('<title>Sign in</title>');
  const file = content.attach(page?.id ?? '', { title: 'x.bin', mediaType: 'text/html', bytes });
  here.site.trouble = (path) => {
    // Listed with another type than the media host sends.
    const mediaType = path.endsWith('/attachments') ? 'application/octet-stream' : 'text/html';
    Object.assign(file, { mediaType });
    return undefined;
  };
  assert.equal((await here.sync()).state, 'done');
});

test('a sign-in page is recognised by path and parameters, not by a file name in the query', () => {
  const leads = (address: string) => leadsToSignIn(new URL(address));
  for (const address of [
    'https://wiki.example.org/login.action?os_destination=%2Fx',
    'https://id.atlassian.com/x',
    'https://idp.example.org/saml2/redirect',
    'https://idp.example.org/?SAMLRequest=x',
    'https://idp.example.org/oauth2/authorize?client_id=1',
  ])
    assert.equal(leads(address), true, address);
  for (const address of [
    'https://bucket.example.org/4711?response-content-disposition=attachment;filename=okta_sso.png',
    'https://wiki.example.org/loginstics/x',
  ])
    assert.equal(leads(address), false, address);
});

test('compressed answers that are not read to the end do not crash the process', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  const packed = gzipSync(randomBytes(300_000));
  const uncaught: unknown[] = [];
  const note = (error: unknown) => void uncaught.push(error);
  // First, so that the test itself can report what was thrown.
  const former = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', note);
  t.after(() => {
    process.removeAllListeners('uncaughtException');
    for (const one of former) process.on('uncaughtException', one);
  });
  for (const status of [302, 401, 403, 404, 418, 503]) {
    for (const body of [packed, packed.subarray(0, 50), 'no gzip at all']) {
      const headers = { 'content-encoding': 'gzip', 'content-type': 'text/plain', location: '/elsewhere' };
      here.site.trouble = () => ({ status, headers, body });
      assert.equal((await here.confluence.test()).ok, false);
    }
  }
  // Lets late events be emitted.
  await delay(100);
  assert.deepEqual(uncaught, []);
});

test('a full disk is reported, and the sync resumes once there is space', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  const { database } = here.library;
  const pages = database.prepare('PRAGMA page_count').get()?.['page_count'];
  database.exec(`PRAGMA max_page_count = ${Number(pages) + 8}`);
  const ended = await here.sync().catch(String);
  if (typeof ended === 'string') assert.fail(`it must say so, not throw: ${ended}`);
  assert.deepEqual(
    [ended.state, ended.reason, here.confluence.status().running],
    ['failed', 'not_stored', false],
  );
  database.exec('PRAGMA max_page_count = 1000000');
  const again = await here.sync();
  assert.deepEqual([again.state, again.resumed, differences(here)], ['done', true, []]);
});
