// Replacing ids while they are in use: one successor, a grace period, and a replay that ends the session. On both stores.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, suite, test } from 'node:test';
import fc from 'fast-check';
import { createMetrics } from '../src/ops/metrics.ts';
import { type Client, keepCookies } from './support/client.ts';
import { ada, also, begin, type Desk, grace, startDesk, storeKinds } from './support/desk.ts';
import { cookieHeader, formType, gateLines } from './support/hostile.ts';
import { need } from './support/requirement.ts';
import { onBodyRead } from './support/whole.ts';

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

    test('an id that is old enough is replaced once; the session stays the same', async () => {
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

    test('the record has one line a day for a session, and each rotation is counted', async (t) => {
      const metrics = createMetrics({ version: '1.2.3' });
      const own = await also(t, { store, parts: { metrics } });
      // Starts at the beginning of a day, so that nothing below reaches into the next one.
      own.advance(86_400_000 - (own.now() % 86_400_000));
      const { browser, handle } = await begin(own, ada);
      const replaced = async (times: number) => {
        for (let i = 0; i < times; i++) {
          own.advance(age);
          await browser.ask('/api/me');
          // The successor is presented, and the previous id's grace period ends.
          await browser.ask('/api/me');
          own.advance(40_000);
        }
      };
      const lines = async () => {
        await own.recorder.flush();
        const rows = await own.store.record.before(Number.POSITIVE_INFINITY, 100, ['session', handle]);
        return rows.filter(({ text }) => text.includes('session.rotated')).length;
      };
      await replaced(4);
      assert.equal(await lines(), 1);
      own.advance(12 * 3_600_000);
      await replaced(2);
      assert.equal(await lines(), 1, 'the same day');
      own.advance(12 * 3_600_000);
      await replaced(3);
      assert.equal(await lines(), 2, 'the next day');
      assert.match((await metrics.text()).text, /^gatehouse_session_rotations_total 9$/m);
    });

    test('concurrent requests with the old id all get the same successor', async () => {
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

    test('the old id is accepted until the new one is used, however long that takes, and leads to the same successor', async () => {
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

    test('once the new id was used, the old one is accepted for 30 seconds, and then ends the session', async () => {
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

    test('a replay is reported on the person’s other devices until it is read', async () => {
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

    test('a slow answer sets the id that is valid when it is sent, or none, and signs nobody out', async () => {
      const { browser, csrfToken } = await begin(desk, ada);
      const slow = copyOf(desk, browser);
      const form = new URLSearchParams({ theme: 'dark', _csrf: csrfToken }).toString();
      /** Posts the settings without "stay signed in", which sets the cookie again; the body is sent after `meanwhile`. */
      const sendSlowly = async (from: Client, meanwhile: () => Promise<void>) => {
        const reading = onBodyRead(desk);
        const lines = [
          ...gateLines(desk, ada),
          `Cookie: ${cookieHeader(from)}`,
          `Origin: ${desk.origin}`,
          `Content-Type: ${formType}`,
          `Content-Length: ${form.length}`,
          'Connection: close',
        ];
        const socket = connect(desk.port, '127.0.0.1', () =>
          socket.write(
            `POST /settings HTTP/1.1\r\nHost: localhost:${desk.port}\r\n${lines.join('\r\n')}\r\n\r\n`,
          ),
        );
        const closed = new Promise<string>((resolve, reject) => {
          let received = '';
          socket.setEncoding('latin1').on('data', (part: string) => {
            received += part;
          });
          socket.on('error', reject).on('close', () => resolve(received));
        });
        await reading;
        await meanwhile();
        socket.write(form);
        const text = await closed;
        keepCookies(
          from.cookies,
          [...text.matchAll(/^set-cookie: (.*)$/gim)].map(([, line = '']) => line.trim()),
        );
        return Number(text.split(' ')[1]);
      };
      const before = idOf(browser);
      assert.equal(
        await sendSlowly(slow, async () => {
          desk.advance(age);
          await browser.ask('/api/me');
          await browser.ask('/api/me');
        }),
        303,
      );
      assert.notEqual(idOf(browser), before);
      assert.equal(idOf(slow), idOf(browser), 'the present id');
      desk.advance(33_000);
      assert.equal((await slow.ask('/api/me')).status, 200, 'nobody is signed out as a replay');

      // After the grace period: the form is out of date, no cookie is set, and the session continues.
      const late = copyOf(desk, browser);
      const kept = idOf(late);
      assert.equal(
        await sendSlowly(late, async () => {
          desk.advance(age);
          await browser.ask('/api/me');
          await browser.ask('/api/me');
          desk.advance(31_000);
        }),
        403,
      );
      assert.equal(idOf(late), kept);
      assert.equal((await browser.ask('/api/me')).status, 200);
    });

    test('a form’s token is tied to the id: an earlier one is valid for as long as its id', async () => {
      const { browser, change } = await begin(desk, ada);
      const form = { theme: 'auto', staySignedIn: 'on' };
      desk.advance(age);
      assert.equal((await change('/settings', form)).status, 303, 'the change that replaces the id');
      assert.equal((await change('/settings', form)).status, 303, 'another tab, in the grace');
      desk.advance(31_000);
      const refused = await change('/settings', form);
      assert.equal(refused.status, 403);
      const { csrfToken } = (await browser.ask('/api/me')).json<{ csrfToken: string }>();
      assert.equal((await change('/settings', form, { 'x-csrf-token': csrfToken })).status, 303);
    });

    test('ten simultaneous copies of a cookie raise one alarm', async () => {
      const { browser } = await begin(desk, ada);
      const copies = Array.from({ length: 10 }, () => copyOf(desk, browser));
      desk.advance(age);
      await browser.ask('/api/me');
      await browser.ask('/api/me');
      desk.advance(31_000);
      const counted = () =>
        ['session.replayed', 'session.revoked'].map(
          (event) => desk.logLines.filter((line) => line.includes(`"${event}"`)).length,
        );
      await desk.recorder.flush();
      const before = counted();
      const answers = await Promise.all(copies.map((copy) => copy.ask('/api/me')));
      assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([401]));
      await desk.recorder.flush();
      assert.deepEqual(
        counted().map((count, i) => count - (before[i] ?? 0)),
        [1, 1],
      );
    });

    test('an id from two rotations ago counts as a replay immediately', async () => {
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

    test('SESSION_ROTATE_AFTER=0: the id never changes', async (t) => {
      const still = await also(t, { store, beside: desk, settings: { SESSION_ROTATE_AFTER: '0' } });
      const { browser } = await begin(still, ada);
      const first = idOf(browser);
      desk.advance(5 * 86_400_000);
      await browser.ask('/api/me');
      assert.equal(idOf(browser), first);
    });

    test('an id is not rotated before its predecessor has expired', async (t) => {
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

    test('any mix of tabs, lost answers and sign-outs: one current id, no legitimate user is signed out, and an ended session stays ended', async () => {
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
            // Tabs of one browser share its cookies; a response may be lost before the browser stores them.
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
          // The token of a page that is opened now.
          const { csrfToken } = (await browser.ask('/api/me')).json<{ csrfToken: string }>();
          const answer = await change('/logout', {}, { 'x-csrf-token': csrfToken });
          assert.equal(answer.status, 303);
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

      test('times written by a clock that was ahead are not treated as being in the future', async () => {
        const day = 86_400_000;
        const old = await begin(desk, ada);
        const seen = await begin(desk, grace);
        desk.advance(day - 61_000);
        const begun = await begin(desk, ada);
        assert.equal((await seen.browser.ask('/api/me')).status, 200);
        desk.advance(61_000 - day);
        assert.equal((await begun.browser.ask('/api/me')).status, 401, 'began tomorrow');
        assert.match((await begun.browser.ask('/dashboard')).text, /Dashboard|signed in/i);
        assert.equal((await seen.browser.ask('/api/me')).status, 401, 'was last seen tomorrow');
        assert.equal((await old.browser.ask('/api/me')).status, 200, 'the others go on');
      });

      test('a session beyond the limit signs out the least recently used one, with a notice', async () => {
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
