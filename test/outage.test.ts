// The store is unreachable: people who are signed in wait and stay signed in, public pages still work, and everything recovers by itself.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite, type TestContext, test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import { connectRedis } from '../src/store/redis-client.ts';
import type { Client } from './support/client.ts';
import { ada, begin, type Desk, grace, type SessionActionOptions, startDesk } from './support/desk.ts';
import { assertPlain, codeOf, formType, sessionName, storeContents } from './support/hostile.ts';
import { need } from './support/requirement.ts';

async function open(t: TestContext, options: SessionActionOptions): Promise<Desk> {
  const desk = await startDesk(options);
  t.after(() => desk.close());
  return desk;
}

type SignedIn = Awaited<ReturnType<typeof begin>>;

/** While nothing can be read, somebody who is signed in is asked to wait, and no cookie is touched. */
async function assertWaits({ browser, change }: SignedIn): Promise<void> {
  for (const path of ['/dashboard', '/settings']) {
    const page = await browser.ask(path);
    assert.equal(page.status, 503, path);
    assert.equal(page.headers['retry-after'], '10');
    assert.match(page.text, /<meta http-equiv="refresh" content="10">/);
    assert.match(page.text, /You are still signed in/);
    assert.deepEqual(page.setCookies, []);
    assert.equal(page.headers['cache-control'], 'no-store');
    assertPlain(page.text);
  }
  const script = await browser.ask('/api/me');
  assert.equal(script.status, 503);
  assert.equal(script.headers['retry-after'], '10');
  assert.equal(codeOf(script), 'store_unavailable');
  assert.deepEqual(script.setCookies, []);
  const answer = await change('/settings', { theme: 'dark' });
  assert.equal(answer.status, 503, 'a change is not said to be done');
  assert.deepEqual(answer.setCookies, []);
}

async function assertSignInWaits(desk: Desk): Promise<void> {
  const newcomer = await desk.browser(grace).ask('/dashboard');
  assert.equal(newcomer.status, 503);
  assert.ok(!newcomer.setCookies.some((line) => line.startsWith(sessionName)), 'no session');
}

async function assertPublicPagesGoOn(desk: Desk, visitor: Client): Promise<void> {
  for (const path of ['/', '/health', '/dashboard']) {
    const answer = await visitor.ask(path);
    assert.equal(answer.status, path === '/dashboard' ? 303 : 200, path);
    assert.deepEqual(answer.setCookies, [], 'the cookie stays as it is');
  }
  assert.equal((await desk.browser().ask('/')).status, 200, 'also for a first visit');
}

async function assertGoesOn(desk: Desk, { browser, change }: SignedIn): Promise<void> {
  const cookie = browser.cookies.get(sessionName);
  const page = await browser.ask('/dashboard');
  assert.equal(page.status, 200);
  assert.deepEqual(page.setCookies, []);
  assert.equal(browser.cookies.get(sessionName), cookie, 'the same session');
  assert.equal((await begin(desk, grace)).page.status, 200);
  assert.equal((await change('/settings', { theme: 'dark', staySignedIn: 'on' })).status, 303);
  assert.equal((await change('/logout')).status, 303);
}

suite('Redis is away', await need('redis-server'), () => {
  test('killed and back with its data: nobody was signed out', async (t) => {
    const desk = await open(t, { store: 'redis' });
    const signedIn = await begin(desk, ada);
    const visitor = desk.browser();
    await visitor.ask('/');
    const { redis } = desk;
    assert.ok(redis);
    const rows = await dump(redis.url);
    await redis.kill();
    await waitFor('the outage', async () => (await signedIn.browser.ask('/api/me')).status === 503);
    await assertWaits(signedIn);
    await assertSignInWaits(desk);
    await assertPublicPagesGoOn(desk, visitor);
    const headers = { origin: desk.origin, 'content-type': formType };
    assert.equal((await visitor.ask('/', { method: 'POST', body: 'theme=dark', headers })).status, 503);

    await redis.restart();
    await restore(redis.url, rows);
    await waitFor('the return', async () => (await signedIn.browser.ask('/api/me')).status === 200);
    await assertGoesOn(desk, signedIn);
  });

  test('it hangs: every answer comes within seconds, and afterwards everyone is still signed in', async (t) => {
    const desk = await open(t, { store: 'redis' });
    const [one, two] = [await begin(desk, ada), await begin(desk, grace)];
    const { child } = desk.redis ?? assert.fail();
    process.kill(child.pid, 'SIGSTOP');
    t.after(() => child.running() && process.kill(child.pid, 'SIGCONT'));
    const startedAt = performance.now();
    const asked = [one, two, one, two].map(({ browser }) => browser.ask('/api/me'));
    assert.equal((await desk.browser().ask('/health')).status, 200);
    assert.ok(performance.now() - startedAt < 1500, 'who needs no store does not wait');
    for (const answer of await Promise.all(asked)) assert.equal(answer.status, 503);
    assert.ok(performance.now() - startedAt < 8000);
    process.kill(child.pid, 'SIGCONT');
    await waitFor('the return', async () => (await one.browser.ask('/api/me')).status === 200);
    // Responses that come too late must not be taken for those to other commands.
    for (let i = 0; i < 10; i++) {
      const pairs = [one, two, two, one].map(
        async ({ browser }) => (await browser.ask('/api/me')).json<{ person: { id: string } }>().person.id,
      );
      assert.deepEqual(await Promise.all(pairs), [ada.id, grace.id, grace.id, ada.id]);
    }
    await assertGoesOn(desk, one);
  });

  test('back without its data: opening a page starts a new session, and no old cookie is accepted', async (t) => {
    const desk = await open(t, { store: 'redis' });
    const { browser } = await begin(desk, ada);
    const old = browser.cookies.get(sessionName);
    await desk.redis?.restart();
    await waitFor('the return', async () => (await browser.ask('/api/me')).status === 401);
    assert.equal((await browser.ask('/dashboard')).status, 200);
    assert.notEqual(browser.cookies.get(sessionName), old);
  });

  test('the same with rate limits on, and it is logged as JSON, not to the console', async (t) => {
    const consoleError = t.mock.method(console, 'error', () => {});
    const desk = await open(t, { store: 'redis', settings: { RATE_LIMIT: 'on' } });
    const signedIn = await begin(desk, ada);
    const visitor = desk.browser();
    await visitor.ask('/');
    await desk.redis?.kill();
    await waitFor('the outage', async () => (await signedIn.browser.ask('/api/me')).status === 503);
    await assertPublicPagesGoOn(desk, visitor);
    for (const line of desk.logLines) assert.ok(JSON.parse(line));
    assert.ok(desk.logLines.some((line) => line.includes('request.store_unavailable')));
    assert.equal(consoleError.mock.callCount(), 0);
  });
});

suite('SQLite is locked', () => {
  test('reads continue, writes get 503, and all is well once the lock is gone', async (t) => {
    const desk = await open(t, { store: 'sqlite' });
    const signedIn = await begin(desk, ada);
    const visitor = desk.browser();
    await visitor.ask('/');
    const member = await begin(desk, grace);
    const other = new DatabaseSync(join(desk.dataDir, 'gatehouse.db'));
    t.after(() => other.close());
    const before = await storeContents(desk);
    other.exec('BEGIN EXCLUSIVE');
    const { browser, change } = signedIn;
    assert.equal((await browser.ask('/dashboard')).status, 200);
    const answer = await change('/settings', { theme: 'dark' });
    assert.equal(answer.status, 503);
    assert.equal(answer.headers['retry-after'], '10');
    assert.deepEqual(answer.setCookies, []);
    assert.match(answer.text, /SQLITE_BUSY.*locked by another program/s, 'an operator is told why');
    assertPlain((await member.change('/settings', { theme: 'dark' })).text);
    await assertSignInWaits(desk);
    await assertPublicPagesGoOn(desk, visitor);
    // The time last seen should be written, but cannot be: the response is complete all the same.
    desk.advance(61_000);
    for (const path of ['/api/me', '/dashboard']) {
      const answer = await browser.ask(path);
      assert.equal(answer.status, 200);
      assert.equal(answer.text.length > 100, true);
    }
    other.exec('ROLLBACK');
    assert.equal(await storeContents(desk), before);
    await assertGoesOn(desk, signedIn);
  });

  test('closed: the same as an outage', async (t) => {
    const desk = await open(t, { store: 'sqlite' });
    const signedIn = await begin(desk, ada);
    const visitor = desk.browser();
    await visitor.ask('/');
    await desk.store.close();
    await assertWaits(signedIn);
    await assertSignInWaits(desk);
    await assertPublicPagesGoOn(desk, visitor);
  });
});

type Row = { readonly key: string; readonly ttl: number; readonly value: Buffer };

async function dump(url: string): Promise<Row[]> {
  const client = connectRedis(url, () => {});
  const rows = (await client.keys('*')).map(async (key) => ({
    key,
    ttl: Math.max(0, await client.pttl(key)),
    value: (await client.dumpBuffer(key)) ?? Buffer.alloc(0),
  }));
  const all = await Promise.all(rows);
  client.disconnect();
  return all;
}

async function restore(url: string, rows: readonly Row[]): Promise<void> {
  const client = connectRedis(url, () => {});
  for (const { key, ttl, value } of rows) await client.restore(key, ttl, value, 'REPLACE');
  client.disconnect();
}
