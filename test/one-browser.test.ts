// What two sessions of one browser share at the gate, and revocations that fail halfway. On both stores, with the gate's sessions in
// cookies.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { StoreUnavailable } from '../src/store/contract.ts';
import { ada, also, begin, type Desk, storeKinds } from './support/desk.ts';
import { need } from './support/requirement.ts';

const gateName = '__Host-_oauth2_proxy';
const sessionName = '__Host-session';

/** In the format of oauth2-proxy's cookie: payload, seconds, signature. */
const gateCookie = (payload: string, at = Date.now()) => `${payload}|${Math.floor(at / 1000)}|c2ln`;

function browserOf(desk: Desk, cookie: string) {
  const browser = desk.browser(ada);
  browser.cookies.set(gateName, cookie);
  return browser;
}

for (const store of storeKinds) {
  suite(
    `one browser on ${store}`,
    await need(...(store === 'redis' ? (['redis-server'] as const) : [])),
    () => {
      test('a browser that keeps losing its session cookie can always start a new session', async (t) => {
        const desk = await also(t, { store, settings: { SESSION_MAX_PER_USER: '3' } });
        const browser = browserOf(desk, gateCookie('QUFB'));
        for (let i = 0; i < 6; i++) {
          browser.cookies.delete(sessionName);
          desk.advance(20_000);
          assert.equal((await browser.ask('/dashboard')).status, 200);
          assert.equal((await browser.ask('/api/me')).status, 200, `start ${i + 1}`);
        }
        assert.equal(
          (await desk.store.sessions.ofPerson(ada.id, desk.now())).length,
          1,
          'one browser, one session',
        );
      });

      test('signing out all others keeps only the browser that asks', async (t) => {
        const desk = await also(t, { store });
        const browser = browserOf(desk, gateCookie('QUFB'));
        await browser.ask('/dashboard');
        browser.cookies.delete(sessionName);
        desk.advance(20_000);
        await browser.ask('/dashboard');
        const other = await begin(desk, ada);
        const { csrfToken } = (await browser.ask('/api/me')).json<{ csrfToken: string }>();
        const headers = { origin: desk.origin, 'x-csrf-token': csrfToken };
        assert.equal(
          (await browser.ask('/api/sessions/revoke-others', { method: 'POST', headers })).status,
          200,
        );
        assert.equal((await browser.ask('/dashboard')).status, 200);
        assert.equal((await other.browser.ask('/api/me')).status, 401);
      });

      for (const table of ['notes', 'sessions'] as const) {
        test(`an ending interrupted by the store at its ${table} takes effect immediately, and no request gets through`, async (t) => {
          const desk = await also(t, { store });
          const victim = browserOf(desk, gateCookie('QUFB'));
          await victim.ask('/dashboard');
          const { session } = (await victim.ask('/api/me')).json<{ session: { handle: string } }>();
          const { browser, csrfToken } = await begin(desk, ada);
          const headers = { origin: desk.origin, 'x-csrf-token': csrfToken };
          const begunBy = desk.now();
          desk.advance(1000);
          const method = table === 'notes' ? 'writeEnding' : 'end';
          const real = Reflect.get(desk.store[table], method) as (...args: unknown[]) => unknown;
          // Writing the gate's marks, or the session's row, fails; all other writes succeed.
          const isCut = (key: unknown) => table === 'sessions' || String(key).startsWith('gate:ended:');
          Reflect.set(desk.store[table], method, (...args: unknown[]) =>
            isCut(args[0])
              ? Promise.reject(new StoreUnavailable(new Error('cut')))
              : real.apply(desk.store[table], args),
          );
          const path = `/api/sessions/${session.handle}`;
          const answer = await browser.ask(path, { method: 'DELETE', headers });
          assert.equal(answer.status, 200);
          assert.equal(answer.json<{ follows?: string }>().follows, 'row', 'it says what is still to come');
          assert.equal((await victim.ask('/dashboard')).status, 401, 'told why');
          await victim.ask('/dashboard');
          const rows = await desk.store.sessions.ofPerson(ada.id, desk.now());
          assert.equal(
            rows.filter(({ createdAt }) => createdAt > begunBy).length,
            0,
            'no other session begins',
          );
          Reflect.set(desk.store[table], method, real);
          const again = await victim.ask('/dashboard');
          assert.equal(again.status, 303, 'and refused at the gate, however often it asks');
          assert.match(again.location ?? '', /^\/oauth2\/sign_out/);
        });
      }

      test('a late request with an older gate cookie does not restore the old link', async (t) => {
        const desk = await also(t, { store });
        const [older, newer] = [gateCookie('QUFB', Date.now() - 100_000), gateCookie('QkJC')];
        const browser = browserOf(desk, older);
        await browser.ask('/dashboard');
        const { session } = (await browser.ask('/api/me')).json<{ session: { handle: string } }>();
        for (const cookie of [newer, older]) {
          browser.cookies.set(gateName, cookie);
          await browser.ask('/api/me');
        }
        const { browser: operator, csrfToken } = await begin(desk, ada);
        const headers = { origin: desk.origin, 'x-csrf-token': csrfToken };
        await operator.ask(`/api/sessions/${session.handle}`, { method: 'DELETE', headers });
        assert.equal((await browserOf(desk, newer).ask('/dashboard')).status, 303);
      });

      test('a change of the session’s data does not set its cookie again', async (t) => {
        const desk = await also(t, { store });
        const { browser } = await begin(desk, ada);
        // A different user agent is noted (SESSION_BINDING=observe). Setting the cookie in a late response would bring back an id that was
        // replaced.
        const moved = await browser.ask('/api/me', {
          headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' },
        });
        assert.equal(moved.status, 200);
        assert.deepEqual(moved.setCookies, []);
        assert.ok(desk.logLines.some((line) => line.includes('session.moved')));
      });

      test('ending everyone does not block other requests', async (t) => {
        const desk = await also(t, { store });
        const { change } = await begin(desk, ada);
        const at = desk.now();
        for (let i = 0; i < 600; i++) {
          await desk.store.sessions.create({
            key: `key${i}`,
            handle: `handle${i}xx`,
            personId: `p${i}`,
            email: `u${i}@example.org`,
            createdAt: at,
            lastSeenAt: at,
            expiresAt: at + 1e8,
            idHash: `h${i}`,
            idIssuedAt: at,
            data: { gate: { state: 'cookie', digest: `d${i}`, issuedAt: at } },
          });
        }
        let turns = 0;
        const count = () => {
          turns++;
          timer = setImmediate(count);
        };
        let timer = setImmediate(count);
        const answer = await change('/radar/end-everyone', { word: 'everyone' });
        clearImmediate(timer);
        assert.equal(answer.location, '/radar?ended=600');
        assert.ok(turns > 25, `${turns} turns of the loop`);
      });
    },
  );
}
