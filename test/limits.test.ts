// Rate limits: only those who send too many requests have to wait; replicas on Redis count together, also after an outage.
import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { connectRedis } from '../src/store/redis-client.ts';
import type { Answer } from './support/client.ts';
import {
  ada,
  begin,
  type Desk,
  grace,
  type SessionActionOptions,
  startDesk,
  storeKinds,
} from './support/desk.ts';
import { eventually } from './support/eventually.ts';
import {
  assertNoSessionCookie,
  assertPlain,
  codeOf,
  formType,
  leavesStoreAlone,
  needsOf,
} from './support/hostile.ts';
import { need } from './support/requirement.ts';

/** Low ones: few requests reach them. */
const limits = { network: 150, person: 80, changes: 20 };

async function startLimited(t: TestContext, options: SessionActionOptions): Promise<Desk> {
  const desk = await startDesk({
    ...options,
    settings: {
      RATE_LIMIT: 'on',
      RATE_LIMIT_NETWORK: `${limits.network}`,
      RATE_LIMIT_PERSON: `${limits.person}`,
      RATE_LIMIT_CHANGES: `${limits.changes}`,
      ...options.settings,
    },
  });
  t.after(() => desk.close());
  return desk;
}

/** Sends `count` requests in batches. @returns how often each status occurred */
async function ask(count: number, one: (i: number) => Promise<Answer>): Promise<Record<number, number>> {
  const statuses: Record<number, number> = {};
  for (let i = 0; i < count; i += 50) {
    const batch = Array.from({ length: Math.min(50, count - i) }, (_, j) => one(i + j));
    for (const { status } of await Promise.all(batch)) statuses[status] = (statuses[status] ?? 0) + 1;
  }
  return statuses;
}

function assertWaits(answer: Answer): void {
  assert.equal(answer.status, 429);
  const seconds = Number(answer.headers['retry-after']);
  assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, `Retry-After: ${seconds}`);
  assertNoSessionCookie(answer);
  assertPlain(answer.text);
  assert.equal(answer.headers['cache-control'], 'no-store');
  for (const name of Object.keys(answer.headers))
    assert.doesNotMatch(name, /ratelimit/i, 'what is left is nobody’s business');
}

const from = (...addresses: string[]) => ({ 'x-forwarded-for': addresses.join(', ') });

test('the default limits are the ones that are applied', async (t) => {
  const desk = await startDesk({ store: 'sqlite', settings: { RATE_LIMIT: 'on' } });
  const { rateLimits } = desk.config;
  assert.deepEqual(rateLimits, { network: 1200, person: 600, changes: 60, guard: 6_000, 'guard-codes': 600 });
  t.after(() => desk.close());
  const { change } = await begin(desk, ada);
  const save = () => change('/settings', { theme: 'dark', staySignedIn: 'on' });
  // Starting the session counted as a change.
  assert.deepEqual(await ask(rateLimits.changes, save), { 303: rateLimits.changes - 1, 429: 1 });
});

test('a clock that is set back blocks nobody for longer than a minute', async (t) => {
  const desk = await startLimited(t, { store: 'sqlite' });
  const mine = await begin(desk, ada);
  const save = () => mine.change('/settings', { theme: 'dark', staySignedIn: 'on' });
  await ask(limits.changes, save);
  const now = Date.now.bind(Date);
  t.mock.method(Date, 'now', () => now() - 3_600_000);
  assertWaits(await save());
  const passed = performance.now.bind(performance);
  t.mock.method(performance, 'now', () => passed() + 61_000);
  // The session was begun by the clock that was ahead, so it is over now.
  const again = await begin(desk, ada);
  assert.equal((await again.change('/settings', { theme: 'dark', staySignedIn: 'on' })).status, 303);
});

for (const store of storeKinds) {
  suite(`rate limits on ${store}`, await needsOf(store), () => {
    test('changes: the one beyond the limit is refused on every device of that person, and nobody else is affected', async (t) => {
      const desk = await startLimited(t, { store });
      const mine = await begin(desk, ada, from('192.0.2.1'));
      const phone = await begin(desk, ada, from('198.51.100.1'));
      const hers = await begin(desk, grace, from('192.0.2.1'));
      const save = () => mine.change('/settings', { theme: 'dark', staySignedIn: 'on' });
      // Starting the two sessions counted as changes too, although each was a GET.
      assert.deepEqual(await ask(limits.changes - 2, save), { 303: limits.changes - 2 });
      for (const { change } of [mine, phone]) {
        const refused = await leavesStoreAloneButCounters(desk, () =>
          change('/settings', { theme: 'light' }),
        );
        assertWaits(refused);
        assert.match(refused.text, /Wait a little/);
        assertWaits(await change('/logout', {}, { accept: 'application/json' }));
      }
      assert.equal((await mine.browser.ask('/api/me')).status, 200, 'reading goes on');
      assert.equal(
        (await hers.change('/settings', { theme: 'dark', staySignedIn: 'on' })).status,
        303,
        'on the same network',
      );
    });

    test('a person’s allowance cannot be used up by a stranger without proof', async (t) => {
      const desk = await startLimited(t, { store });
      const { browser } = await begin(desk, ada, from('192.0.2.1'));
      const named = { 'x-forwarded-user': ada.id, 'x-forwarded-email': ada.email, ...from('198.51.100.66') };
      const stranger = desk.browser(undefined, named);
      assert.deepEqual(await ask(limits.person + 10, () => stranger.ask('/api/me')), {
        401: limits.person + 10,
      });
      assert.equal((await browser.ask('/api/me')).status, 200);

      const counts = await ask(limits.person, () => browser.ask('/api/me'));
      assert.equal(counts[200], limits.person - 3, 'three were asked before');
      const refused = await browser.ask('/api/me');
      assertWaits(refused);
      assert.equal(codeOf(refused), 'too_many_requests');
      assert.equal((await begin(desk, grace, from('192.0.2.1'))).page.status, 200);
    });

    test('public pages are counted by network: the address added by the gate, and a /56 for IPv6', async (t) => {
      const desk = await startLimited(t, { store });
      const visit = (...addresses: string[]) => desk.browser().ask('/', { headers: from(...addresses) });
      // Everything before the last entry came from the client, and does not get a fresh allowance.
      const counts = await ask(limits.network, (i) => visit(`10.${i >> 8}.${i & 255}.1`, '192.0.2.7'));
      assert.deepEqual(counts, { 200: limits.network });
      assertWaits(await visit('203.0.113.250', '192.0.2.7'));
      assertWaits(await desk.browser(ada).ask('/dashboard', { headers: from('192.0.2.7') }));
      assert.equal((await visit('192.0.2.8')).status, 200, 'another network');
      assert.equal(
        (await visit('192.0.2.7', '192.0.2.8')).status,
        200,
        'that names the full one before itself',
      );
      assert.equal((await desk.browser().ask('/health', { headers: from('192.0.2.7') })).status, 200);

      await ask(limits.network, (i) => visit(`2001:db8:1:2${(i % 16).toString(16)}::${i.toString(16)}`));
      assertWaits(await visit('2001:db8:1:2f:ffff::1'));
      assert.equal((await visit('2001:db8:1:300::1')).status, 200);
      assert.equal((await visit('not an address')).status, 200);
    });

    test('visitors’ changes are counted by network', async (t) => {
      const desk = await startLimited(t, { store });
      const headers = { origin: desk.origin, 'content-type': formType };
      const choose = (address: string) =>
        desk
          .browser()
          .ask('/', { method: 'POST', body: 'theme=dark', headers: { ...headers, ...from(address) } });
      assert.deepEqual(await ask(limits.changes, () => choose('192.0.2.1')), { 303: limits.changes });
      assertWaits(await choose('192.0.2.1'));
      assert.equal((await choose('192.0.2.2')).status, 303);
      assert.equal((await desk.browser().ask('/', { headers: from('192.0.2.1') })).status, 200);
    });
  });
}

/** Only a counter may change. */
const leavesStoreAloneButCounters = async <T>(desk: Desk, attack: () => Promise<T>) =>
  desk.redis ? attack() : leavesStoreAlone(desk, attack);

suite('rate limits of replicas on Redis', await need('redis-server'), () => {
  test('replicas share one count', async (t) => {
    const first = await startLimited(t, { store: 'redis' });
    const second = await startLimited(t, { store: 'redis', beside: first });
    const { browser, csrfToken } = await begin(first, ada);
    const clients = [first, second].map((desk) => {
      const client = desk.browser(ada);
      for (const [name, value] of browser.cookies) client.cookies.set(name, value);
      const headers = { origin: desk.origin, 'content-type': formType, 'x-csrf-token': csrfToken };
      return () => client.ask('/settings', { method: 'POST', body: 'theme=dark&staySignedIn=on', headers });
    });
    const counts = await ask(limits.changes - 1, async (i) => clients[i % 2]?.() ?? assert.fail());
    assert.deepEqual(counts, { 303: limits.changes - 1 });
    for (const change of clients) assertWaits(await change());
  });

  test('requests: what one replica counted, another knows about a second later', async (t) => {
    const first = await startLimited(t, { store: 'redis' });
    const second = await startLimited(t, { store: 'redis', beside: first });
    const { browser } = await begin(first, ada);
    const there = second.browser(ada);
    for (const [name, value] of browser.cookies) there.cookies.set(name, value);
    await ask(limits.person, () => browser.ask('/api/me'));
    assertWaits(await browser.ask('/api/me'));
    assert.equal((await there.ask('/api/me')).status, 200, 'the first one there is not known to be too many');
    await eventually('a refusal there', async () => (await there.ask('/api/me')).status === 429);
  });

  test('a program that started while Redis was down applies limits as soon as Redis is back', async (t) => {
    const first = await startLimited(t, { store: 'redis' });
    await first.redis?.kill();
    const second = await startLimited(t, { store: 'redis', beside: first });
    assert.equal((await second.browser().ask('/')).status, 200);
    await first.redis?.restart();
    const headers = { origin: second.origin, 'content-type': formType };
    const choose = () => second.browser().ask('/', { method: 'POST', body: 'theme=dark', headers });
    for (let tries = 0; (await choose()).status !== 303; tries++)
      assert.ok(tries < 100, 'it did not come back');
    await ask(limits.changes, choose);
    assertWaits(await choose());
  });

  test('scripts that Redis lost are loaded again', async (t) => {
    const desk = await startLimited(t, { store: 'redis' });
    await desk.redis?.restart();
    const headers = { origin: desk.origin, 'content-type': formType };
    const choose = () => desk.browser().ask('/', { method: 'POST', body: 'theme=dark', headers });
    for (let tries = 0; (await choose()).status !== 303; tries++)
      assert.ok(tries < 100, 'it did not come back');
    await ask(limits.changes, choose);
    assertWaits(await choose());
  });
});

for (const store of storeKinds) {
  suite(`the counters of an erased person on ${store}`, await needsOf(store), () => {
    test('are gone: nothing keeps counting, and no key names the person', async (t) => {
      const desk = await startLimited(t, { store });
      const operator = await begin(desk, ada);
      const { change } = await begin(desk, grace);
      const statuses = await ask(limits.changes + 5, () => change('/settings', { theme: 'dark' }));
      assert.ok((statuses[429] ?? 0) > 0);
      const found = await operator.change('/privacy/find', { email: grace.email });
      const who = new URL(found.location ?? '', desk.origin).searchParams.get('who') ?? '';
      const erased = await operator.change('/privacy/erase', { confirm: grace.email, who });
      assert.equal(erased.status, 200);
      if (desk.redis) {
        const client = connectRedis(desk.redis.url, () => {});
        t.after(() => client.disconnect());
        assert.deepEqual(await client.keys(`*${grace.id}*`), []);
      }
      assert.equal((await desk.browser(grace).ask('/dashboard')).status, 200, 'she may sign in again');
      const again = await begin(desk, grace);
      assert.equal((await again.change('/settings', { theme: 'dark' })).status, 303);
    });
  });
}
