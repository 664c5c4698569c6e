// The pages of the allow-list: what operators see, what each form does, and what it says if it failed.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { suite, type TestContext, test } from 'node:test';
import express from 'express';
import { type AccessOptions, createAccess } from '../src/access/access.ts';
import { createAccessFile } from '../src/access/file.ts';
import { accessPage, addAccess, confirmRemoveAccess, removeAccess } from '../src/access/pages.ts';
import { readBody } from '../src/http/body.ts';
import { errorHandler } from '../src/http/errors.ts';
import { createLogger } from '../src/http/log.ts';
import { addToFrame, prepareFrame } from '../src/http/page.ts';
import { createClient } from './support/client.ts';
import { logEvents } from './support/recorder.ts';

const ada = { id: '1', email: 'ada@example.org' };
const first = '# Ada\nada@example.org\n\n# Grace\ngrace@example.org\n';

async function startPages(
  test: TestContext,
  options: Partial<AccessOptions> = {},
  text: string | undefined = first,
) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-access-'));
  const path = join(folder, 'emails.txt');
  if (text !== '') writeFileSync(path, text);
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const logger = createLogger('info', sink);
  /** Whose sessions were ended, and the list at that moment. */
  const ended: [email: string, by: string, list: string][] = [];
  const access = createAccess({
    file: createAccessFile(path),
    logger,
    recorder: logEvents(logger),
    endPerson: async (email, by) => {
      ended.push([email, by.id, readFileSync(path, 'utf8')]);
      return 2;
    },
    operators: new Set([ada.email]),
    emailDomains: [],
    ...options,
  });
  const app = express();
  app.set('query parser', 'simple');
  const pages = { access };
  app.use(prepareFrame({ asset: (name) => `/assets/${name}`, devMode: false, signInPath: '/' }));
  app.use((_req, res, next) => {
    res.locals.person = { ...ada, operator: true };
    addToFrame(res, { person: { email: ada.email, operator: true }, csrfToken: 'a-token' });
    next();
  });
  app.get('/access', accessPage(pages));
  app.post('/access/add', ...readBody(), addAccess(pages));
  app.get('/access/remove', confirmRemoveAccess(pages));
  app.post('/access/remove', ...readBody(), removeAccess(pages));
  app.use(errorHandler(logger));
  const server = await new Promise<Server>((resolve) => {
    const started = app.listen(0, '127.0.0.1', () => resolve(started));
  });
  test.after(() => {
    server.close();
    rmSync(folder, { recursive: true });
  });
  const address = server.address();
  const client = createClient(`http://localhost:${typeof address === 'object' ? address?.port : 0}`);
  const html = { accept: 'text/html' };
  return {
    ended,
    lines,
    list: () => readFileSync(path, 'utf8'),
    get: (url: string) => client.ask(url, { headers: html }),
    post: (url: string, fields: Record<string, string>) =>
      client.ask(url, {
        method: 'POST',
        headers: { ...html, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ _csrf: 'a-token', ...fields }).toString(),
      }),
  };
}

suite('the allow-list page', () => {
  test('shows addresses, comments and operators; operators cannot remove themselves here', async (t) => {
    const { get } = await startPages(t, { operators: new Set([ada.email, 'joan@example.org']) });
    const { status, text } = await get('/access');
    assert.equal(status, 200);
    assert.match(text, /2 addresses[\s\S]*grace@example\.org[\s\S]*Grace/);
    assert.match(
      text,
      /Operators who are not on the list[\s\S]*joan@example\.org[\s\S]*Kept out by the gate/,
    );
    const removals = [...text.matchAll(/href="\/access\/remove\?email=([^"]*)"/g)].map(([, email]) => email);
    assert.deepEqual(removals, ['grace%40example.org']);
  });

  test('adding: 303, the comment above the address, and a confirmation', async (t) => {
    const { post, get, list, lines } = await startPages(t);
    const answer = await post('/access/add', { email: ' Joan@Example.org ', comment: 'Joan\n# x' });
    assert.deepEqual([answer.status, answer.location], [303, '/access?done=added']);
    assert.equal(list(), `${first}\n# Joan # x\njoan@example.org\n`);
    assert.match((await get('/access?done=added')).text, /role="status"[\s\S]*is on the list/);
    assert.ok(lines.some((line) => line.includes('"access.added"')) && !lines.join('').includes('joan@'));
  });

  test('an invalid or duplicate address redisplays the form with what was typed', async (t) => {
    const { post, list } = await startPages(t);
    const wrong = await post('/access/add', { email: '"><b>', comment: 'A "note"' });
    assert.equal(wrong.status, 422);
    assert.match(wrong.text, /value="&quot;&gt;&lt;b&gt;" aria-invalid="true"[\s\S]*A &quot;note&quot;/);
    assert.equal((await post('/access/add', { email: 'GRACE@example.org', comment: '' })).status, 409);
    assert.equal((await post('/access/add', { email: 'a@x.org', other: '1' })).status, 400);
    assert.equal(list(), first);
  });

  test('the confirmation page says what will happen; only POST acts', async (t) => {
    const { get, list, ended } = await startPages(t);
    const { text } = await get('/access/remove?email=grace%40example.org');
    assert.match(text, /Take[\s\S]*grace@example\.org[\s\S]*Every device of this person is signed out/);
    assert.match(
      text,
      /name="_csrf" value="a-token"><input type="hidden" name="email" value="grace@example.org"/,
    );
    assert.deepEqual([list(), ended], [first, []]);
    assert.equal((await get('/access/remove?email=a&email=b')).status, 400);
    assert.match((await get('/access/remove?email=%3Cb%3E')).text, /&lt;b&gt; is not on the list/);
  });

  test('removing changes the list first, then ends the person’s sessions', async (t) => {
    const { post, get, list, ended } = await startPages(t);
    const answer = await post('/access/remove', { email: 'grace@example.org' });
    assert.deepEqual([answer.status, answer.location], [303, '/access?done=removed&ended=2']);
    assert.equal(list(), '# Ada\nada@example.org\n');
    assert.deepEqual(ended, [['grace@example.org', ada.id, list()]]);
    assert.match((await get(answer.location ?? '')).text, /off the list[\s\S]*2 sessions were ended/);
  });

  test('if the sessions cannot be ended, the page says what was done, and the removal can be repeated', async (t) => {
    let isDown = true;
    const endPerson = async () => {
      if (isDown) throw new Error('the store is down');
      return 1;
    };
    const { post, list } = await startPages(t, { endPerson });
    const half = await post('/access/remove', { email: 'grace@example.org' });
    assert.equal(half.status, 503);
    assert.match(half.text, /is off the list, but the sessions could not be ended/);
    assert.doesNotMatch(half.text, /the store is down/);
    assert.equal(list(), '# Ada\nada@example.org\n');
    isDown = false;
    const again = await post('/access/remove', { email: 'grace@example.org' });
    assert.equal(again.location, '/access?done=removed&ended=1');
  });

  test('operators cannot remove themselves, in any spelling', async (t) => {
    const { post, get, list, ended } = await startPages(t);
    for (const email of [ada.email, 'ADA@example.org']) {
      assert.equal((await post('/access/remove', { email })).status, 409);
      assert.match((await get(`/access/remove?email=${email}`)).text, /You cannot take yourself off/);
    }
    assert.deepEqual([list(), ended], [first, []]);
  });

  test('the last valid address cannot be removed', async (t) => {
    const text = '@example.org\ngrace@example.org\n';
    const { post, list, ended } = await startPages(t, {}, text);
    const answer = await post('/access/remove', { email: 'grace@example.org' });
    assert.deepEqual([answer.status, list(), ended], [409, text, []]);
    assert.equal((await post('/access/remove', { email: '@example.org' })).status, 303);
  });

  test('email_domains that make the list useless are reported', async (t) => {
    const all = await startPages(t, { emailDomains: ['*'] });
    assert.match((await all.get('/access')).text, /This list keeps nobody out/);
    const some = await startPages(t, { emailDomains: ['example.org'] });
    assert.match((await some.get('/access')).text, /Whole domains get in as well/);
    assert.match(
      (await some.get('/access/remove?email=grace%40example.org')).text,
      /It will not keep them out/,
    );
  });

  test('no list: explains how to create it; the first address creates it, together with the operator’s', async (t) => {
    const { post, get, list } = await startPages(t, {}, '');
    assert.match((await get('/access')).text, /There is no list yet[\s\S]*emails\.txt\.example/);
    assert.equal((await post('/access/remove', { email: 'grace@example.org' })).status, 503);
    const answer = await post('/access/add', { email: 'grace@example.org', comment: '' });
    assert.equal(answer.location, '/access?done=created');
    assert.match(list(), /^# .*\n\nada@example\.org\ngrace@example\.org\n$/);
  });

  test('a list that oauth2-proxy cannot read: names the line and shows no form', async (t) => {
    const { post, get, list } = await startPages(t, {}, 'ada@example.org\n"\n');
    const { text } = await get('/access');
    assert.match(text, /Line 2 of the list cannot be read/);
    assert.doesNotMatch(text, /action="\/access\/add"/);
    assert.equal((await post('/access/add', { email: 'grace@example.org', comment: '' })).status, 409);
    assert.equal(list(), 'ada@example.org\n"\n');
  });
});
