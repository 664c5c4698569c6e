// Replacing ids while they are in use: one successor, a grace, and a replay that ends the session. On both stores.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import fc from 'fast-check';
import type { Client } from './support/client.ts';
import { ada, also, begin, type Desk, startDesk, storeKinds } from './support/desk.ts';
import { need } from './support/requirement.ts';

const name = '__Host-session';
const age = 900_000;

function copyOf(desk: Desk, browser: Client, more: Record<string, string> = {}): Client {
  const copy = desk.browser(ada, more);
  for (const [key, value] of browser.cookies) copy.cookies.set(key, value);
  return copy;
}

const idOf = (browser: Client) =>
  /^s:([^.]+\.[^.]+)\./.exec(decodeURIComponent(browser.cookies.get(name) ?? ''))?.[1] ?? '';
const handleOf = async (browser: Client) =>
  (await browser.ask('/api/me')).json<{ session: { handle: string } }>().session.handle;

for (const store of storeKinds) {
  suite(`rotation on ${store}`, await need(...(store === 'redis' ? (['redis-server'] as const) : [])), () => {
    let desk: Desk;
    before(async () => {
      desk = await startDesk({ store, settings: { SESSION_IDLE_TIMEOUT: '604800' } });
    });
    after(() => desk.close());

    test('an id that is old enough is replaced, once; the session is the same', async () => {
      const { browser, handle, change } = await begin(desk, ada);
      const first = idOf(browser);
      desk.advance(age - 1000);
      await browser.ask('/api/me');
      assert.equal(idOf(browser), first, 'not yet');
      desk.advance(1000);
      const answer = await browser.ask('/api/me');
      assert.equal(answer.setCookies.length, 1);
      assert.match(
        answer.setCookies[0] ?? '',
        /; Max-Age=60[34]\d{3}; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      );
      const second = idOf(browser);
      assert.notEqual(second, first);
      assert.deepEqual((await browser.ask('/api/me')).setCookies, []);
      assert.equal(await handleOf(browser), handle);
      assert.equal(
        (await change('/settings', { theme: 'auto', staySignedIn: 'on' })).status,
        303,
        'its token holds',
      );
    });

    test('many requests at once with the old id arrive at one successor', async () => {
      const { browser } = await begin(desk, ada);
      desk.advance(age);
      const tabs = Array.from({ length: 12 }, () => copyOf(desk, browser));
      const answers = await Promise.all(tabs.map((tab) => tab.ask('/api/me')));
      assert.ok(answers.every((answer) => answer.status === 200));
      const ids = new Set(tabs.map(idOf));
      ids.delete(idOf(browser));
      assert.equal(ids.size, 1);
      const rotated = desk.logLines.filter((line) => line.includes('session.rotated')).length;
      assert.ok(rotated >= 1);
    });

    test('the old id lives until the new one came back, however long that takes, and leads to the same one', async () => {
      const { browser } = await begin(desk, ada);
      const lost = copyOf(desk, browser);
      desk.advance(age);
      const old = copyOf(desk, browser);
      await browser.ask('/api/me');
      desk.advance(3_600_000);
      assert.equal((await old.ask('/api/me')).status, 200);
      assert.equal(idOf(old), idOf(browser), 'an answer that was lost is handed over again');
      assert.equal((await lost.ask('/api/me')).status, 200);
    });

    test('after the new id came back the old one is good for 30 seconds, and then ends the session', async () => {
      const { browser } = await begin(desk, ada);
      const old = copyOf(desk, browser);
      const thief = copyOf(desk, browser);
      desk.advance(age);
      await browser.ask('/api/me');
      await browser.ask('/api/me');
      desk.advance(28_000);
      assert.equal((await old.ask('/api/me')).status, 200, 'requests that were under way');
      desk.advance(3000);
      assert.equal((await thief.ask('/api/me')).status, 401);
      assert.equal(
        (await browser.ask('/api/me')).status,
        401,
        'nobody can tell who is the thief: it is over for both',
      );
      const page = await browser.ask('/dashboard');
      assert.equal(page.status, 401);
      assert.match(page.text, /used again/);
      assert.ok(desk.logLines.some((line) => line.includes('session.replayed')));
    });

    test('a replay is told on the person’s other devices until it is read', async () => {
      const other = await begin(desk, ada);
      const { browser } = await begin(desk, ada);
      const thief = copyOf(desk, browser);
      desk.advance(age);
      await browser.ask('/api/me');
      await browser.ask('/api/me');
      desk.advance(31_000);
      assert.equal((await thief.ask('/api/me')).status, 401);
      assert.match((await other.browser.ask('/dashboard')).text, /A copy of your cookie was used/);
      desk.advance(1000);
      assert.equal((await other.change('/devices/seen')).status, 303);
      assert.doesNotMatch((await other.browser.ask('/dashboard')).text, /A copy of your cookie was used/);
    });

    test('an id of two replacements ago is a replay at once', async () => {
      const { browser } = await begin(desk, ada);
      const oldest = copyOf(desk, browser);
      for (let i = 0; i < 2; i++) {
        desk.advance(age + 31_000);
        await browser.ask('/api/me');
        await browser.ask('/api/me');
      }
      assert.equal((await oldest.ask('/api/me')).status, 401);
      assert.equal((await browser.ask('/api/me')).status, 401);
    });

    test('SESSION_ROTATE_AFTER=0: the id stays', async (t) => {
      const still = await also(t, { store, beside: desk, settings: { SESSION_ROTATE_AFTER: '0' } });
      const { browser } = await begin(still, ada);
      const first = idOf(browser);
      desk.advance(5 * 86_400_000);
      await browser.ask('/api/me');
      assert.equal(idOf(browser), first);
    });

    test('an id is not replaced faster than its predecessor is done with', async (t) => {
      const hasty = await also(t, { store, beside: desk, settings: { SESSION_ROTATE_AFTER: '1' } });
      const { browser } = await begin(hasty, ada);
      desk.advance(2000);
      const slow = copyOf(hasty, browser);
      await browser.ask('/api/me');
      const second = idOf(browser);
      desk.advance(2000);
      await browser.ask('/api/me');
      assert.equal(idOf(browser), second);
      assert.equal((await slow.ask('/api/me')).status, 200);
      desk.advance(31_000);
      await browser.ask('/api/me');
      assert.notEqual(idOf(browser), second);
    });

    test('whatever tabs, lost answers and sign-outs do: one id at a time, nobody honest is signed out, and an end is an end', async () => {
      const step = fc.oneof(
        fc.record({ kind: fc.constant('ask' as const), tab: fc.nat(3), lost: fc.boolean() }),
        fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1000, 20_000, age, 2 * age) }),
        fc.record({ kind: fc.constant('together' as const) }),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 14 }), fc.boolean(), async (steps, ends) => {
          const { browser, change } = await begin(desk, ada);
          const seen = new Set([idOf(browser)]);
          for (const one of steps) {
            if (one.kind === 'wait') desk.advance(one.ms);
            // Tabs of one browser share its cookies; an answer may be lost before the browser keeps them.
            else if (one.kind === 'ask') {
              const tab = copyOf(desk, browser);
              assert.equal((await tab.ask('/api/me')).status, 200);
              if (!one.lost) browser.cookies.set(name, tab.cookies.get(name) ?? '');
            } else {
              const tabs = Array.from({ length: 4 }, () => copyOf(desk, browser));
              const answers = await Promise.all(tabs.map((tab) => tab.ask('/api/me')));
              assert.deepEqual(
                answers.map((answer) => answer.status),
                [200, 200, 200, 200],
              );
              const ids = new Set(tabs.map(idOf));
              ids.delete(idOf(browser));
              assert.ok(ids.size <= 1, 'one successor');
              for (const tab of tabs) browser.cookies.set(name, tab.cookies.get(name) ?? '');
            }
            seen.add(idOf(browser));
          }
          if (!ends) return;
          assert.equal((await change('/logout')).status, 303);
          for (const id of seen) assert.ok((await desk.store.sessions.read(id.split('.')[0] ?? ''))?.ended);
        }),
        { numRuns: 60 },
      );
    });
  });

  suite(
    `limits and binding on ${store}`,
    await need(...(store === 'redis' ? (['redis-server'] as const) : [])),
    () => {
      let desk: Desk;
      before(async () => {
        desk = await startDesk({ store, settings: { SESSION_MAX_PER_USER: '3' } });
      });
      after(() => desk.close());

      test('one session more than allowed signs out the one used longest ago, and says so', async () => {
        const first = await begin(desk, ada);
        desk.advance(1000);
        const second = await begin(desk, ada);
        desk.advance(61_000);
        await first.browser.ask('/api/me');
        desk.advance(1000);
        const third = await begin(desk, ada);
        const fourth = await begin(desk, ada);
        assert.equal((await second.browser.ask('/api/me')).status, 401);
        assert.match((await second.browser.ask('/dashboard')).text, /more devices than are allowed/);
        for (const { browser } of [first, third, fourth])
          assert.equal((await browser.ask('/api/me')).status, 200);
      });

      const firefox = {
        'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      };
      const newer = {
        'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0',
      };
      const chrome = {
        'user-agent':
          'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
      };
      const from = (address: string) => ({ ...firefox, 'x-forwarded-for': address });

      for (const binding of ['off', 'observe', 'enforce'] as const) {
        test(`SESSION_BINDING=${binding}`, async (t) => {
          const bound = await also(t, { store, settings: { SESSION_BINDING: binding } });
          const moved = () => bound.logLines.filter((line) => line.includes('session.moved')).length;
          const refused = binding === 'enforce' ? 401 : 200;
          for (const [there, status, lines, changed] of [
            [{ ...newer, 'x-forwarded-for': '203.0.113.9' }, 200, 0, ''],
            [{ ...chrome, 'x-forwarded-for': '203.0.113.7' }, refused, 1, 'browser and system'],
            [from('198.51.100.7'), refused, 1, 'network'],
          ] as const) {
            const { browser } = await begin(bound, ada, from('203.0.113.7'));
            const before = moved();
            const copy = copyOf(bound, browser, there);
            assert.equal((await copy.ask('/api/me')).status, status);
            await copy.ask('/api/me');
            assert.equal(moved() - before, binding === 'observe' ? lines : 0, 'a change is noted once');
            if (status === 401) {
              assert.ok((await copy.ask('/dashboard')).text.includes(`What changed: ${changed}.`));
            }
          }
        });
      }
    },
  );
}
