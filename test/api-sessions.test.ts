// The session desk for scripts: the same rules as its pages, for one's own sessions and everyone's. On SQLite and on Redis.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { ada, also, begin, type Desk, grace, startDesk, storeKinds } from './support/desk.ts';
import { plantSession } from './support/planted.ts';
import { need } from './support/requirement.ts';

const nowhere = 'AAAAAAAAAAAA';
interface List {
  readonly sessions: {
    handle: string;
    current: boolean;
    person: { id: string; email: string };
    gate: string;
  }[];
  readonly next: string | null;
}

for (const store of storeKinds) {
  suite(
    `sessions as JSON on ${store}`,
    await need(...(store === 'redis' ? (['redis-server'] as const) : [])),
    () => {
      let desk: Desk;
      before(async () => {
        desk = await startDesk({ store, settings: { SESSION_MAX_PER_USER: '0' } });
      });
      after(() => desk.close());

      const person = (name: string) => ({ id: `id-${name}`, email: `${name}@example.org` });

      async function script(who: { id: string; email: string }) {
        const session = await begin(desk, who);
        const send = (method: string, path: string, body?: object, more: Record<string, string> = {}) => {
          const text = body && JSON.stringify(body);
          // Node.js sets no Content-Length for a DELETE, so the body would be parsed as another request.
          const typed = text && { 'content-type': 'application/json', 'content-length': `${text.length}` };
          return session.browser.ask(path, {
            method,
            headers: { origin: desk.origin, 'x-csrf-token': session.csrfToken, ...typed, ...more },
            ...(text && { body: text }),
          });
        };
        const list = async (path: string) => (await session.browser.ask(path)).json<List>();
        return { ...session, send, list };
      }

      test('a session has exactly the documented fields', async () => {
        const { list, handle, browser } = await script(person('mona'));
        const { sessions, next } = await list('/api/sessions');
        assert.equal(next, null);
        const [one] = sessions;
        assert.deepEqual(Object.keys(one ?? {}), [
          'handle',
          'current',
          'person',
          'device',
          'network',
          'createdAt',
          'lastSeenAt',
          'expiresAt',
          'staySignedIn',
          'gate',
        ]);
        assert.deepEqual(
          { ...one, createdAt: '', lastSeenAt: '', expiresAt: '' },
          {
            handle,
            current: true,
            person: person('mona'),
            device: { browser: 'Unknown browser', os: 'unknown system', kind: 'unknown' },
            network: '127.0.0.1',
            createdAt: '',
            lastSeenAt: '',
            expiresAt: '',
            staySignedIn: true,
            gate: 'unverified',
          },
        );
        const me = (await browser.ask('/api/me')).json<{ session: object }>();
        assert.deepEqual(me.session, one);
      });

      test('lists only the caller’s own sessions, the current one first', async () => {
        const nina = person('nina');
        const other = await begin(desk, nina);
        const { list, handle } = await script(nina);
        await begin(desk, grace);
        const { sessions } = await list('/api/sessions');
        assert.deepEqual(
          sessions.map((one) => [one.handle, one.current]),
          [
            [handle, true],
            [other.handle, false],
          ],
        );
      });

      test('DELETE ends one of the caller’s sessions once, and returns the receipt each time', async () => {
        const olga = person('olga');
        const other = await begin(desk, olga);
        const { send } = await script(olga);
        for (let i = 0; i < 2; i++) {
          const answer = await send('DELETE', `/api/sessions/${other.handle}`);
          assert.equal(answer.status, 200);
          assert.deepEqual(answer.json(), { ended: true, gate: 'unknown', verifiedAt: null });
          assert.equal((await other.browser.ask('/api/me')).status, 401);
        }
      });

      test('the current session can end itself', async () => {
        const { send, handle, browser } = await script(person('pia'));
        assert.equal((await send('DELETE', `/api/sessions/${handle}`)).status, 200);
        assert.equal((await browser.ask('/api/me')).status, 401);
        assert.equal((await desk.store.sessions.findByHandle(handle))?.ended?.reason, 'signed_out');
      });

      test('another person’s session looks like one that does not exist, and is not ended', async () => {
        const hers = await begin(desk, grace);
        const { send } = await script(person('eve'));
        const [foreign, none, odd] = [
          await send('DELETE', `/api/sessions/${hers.handle}`),
          await send('DELETE', `/api/sessions/${nowhere}`),
          await send('DELETE', '/api/sessions/..%2f..%2fx'),
        ];
        assert.deepEqual([foreign.status, none.status, odd.status], [404, 404, 404]);
        assert.equal(foreign.text, none.text);
        assert.equal(odd.text, none.text);
        assert.equal((await hers.browser.ask('/api/me')).status, 200);
      });

      test('revoke-others keeps the current session', async () => {
        const rosa = person('rosa');
        const others = [await begin(desk, rosa), await begin(desk, rosa)];
        const { send, browser } = await script(rosa);
        const answer = await send('POST', '/api/sessions/revoke-others');
        assert.equal(answer.status, 200);
        const { receipts } = answer.json<{ receipts: { handle: string; ended: boolean }[] }>();
        assert.deepEqual(
          receipts.map(({ handle }) => handle).sort(),
          others.map(({ handle }) => handle).sort(),
        );
        assert.ok(receipts.every(({ ended }) => ended));
        for (const other of others) assert.equal((await other.browser.ask('/api/me')).status, 401);
        assert.equal((await browser.ask('/api/me')).status, 200);
        assert.deepEqual((await send('POST', '/api/sessions/revoke-others')).json(), { receipts: [] });
      });

      test('no change is made without the token or with unknown fields', async () => {
        const tess = person('tess');
        const other = await begin(desk, tess);
        const { send } = await script(tess);
        const operator = await script(ada);
        const changes: [typeof send, string, string][] = [
          [send, 'DELETE', `/api/sessions/${other.handle}`],
          [send, 'POST', '/api/sessions/revoke-others'],
          [operator.send, 'DELETE', `/api/admin/sessions/${other.handle}`],
          [operator.send, 'POST', `/api/admin/users/${tess.id}/revoke`],
        ];
        for (const [as, method, path] of changes) {
          assert.equal((await as(method, path, undefined, { 'x-csrf-token': '' })).status, 403, path);
          assert.equal((await as(method, path, { everything: true })).status, 400, path);
        }
        assert.equal((await other.browser.ask('/api/me')).status, 200);
      });

      test('only operators see everyone’s sessions, and a revoked role takes effect immediately', async (t) => {
        const member = await script(grace);
        const operator = await script(ada);
        const requests: [string, string][] = [
          ['GET', '/api/admin/sessions'],
          ['DELETE', `/api/admin/sessions/${operator.handle}`],
          ['POST', `/api/admin/users/${ada.id}/revoke`],
        ];
        for (const [method, path] of requests) {
          const answer = await member.send(method, path);
          assert.equal(answer.status, 403, path);
          assert.equal(answer.json<{ error: { code: string } }>().error.code, 'not_operator');
        }
        assert.equal((await operator.browser.ask('/api/admin/sessions')).status, 200);
        const after = await also(t, { store, beside: desk, settings: { ADMIN_EMAILS: grace.email } });
        const there = after.browser(ada);
        for (const [name, value] of operator.browser.cookies) there.cookies.set(name, value);
        assert.equal((await there.ask('/api/admin/sessions')).status, 403);
        assert.equal((await there.ask('/radar')).status, 403);
        assert.equal((await there.ask('/api/me')).status, 200);
      });

      test('an operator can end any session, and all sessions of a person', async () => {
        const uma = person('uma');
        const theirs = [await begin(desk, uma), await begin(desk, uma), await begin(desk, uma)];
        const { send } = await script(ada);
        const [first] = theirs;
        assert.equal((await send('DELETE', `/api/admin/sessions/${first?.handle}`)).status, 200);
        assert.equal((await first?.browser.ask('/api/me'))?.status, 401);
        assert.match((await first?.browser.ask('/dashboard'))?.text ?? '', /by ada@example\.org/);
        const { receipts } = (await send('POST', `/api/admin/users/${uma.id}/revoke`)).json<{
          receipts: object[];
        }>();
        assert.equal(receipts.length, 2);
        for (const { browser } of theirs) assert.notEqual((await browser.ask('/api/me')).status, 200);
        assert.equal((await send('POST', '/api/admin/users/nobody/revoke')).status, 404);
        assert.equal((await send('DELETE', `/api/admin/sessions/${nowhere}`)).status, 404);
      });

      test('120 sessions in pages: each appears once, even if sessions end meanwhile', async () => {
        const handles = new Set<string>();
        for (let i = 0; i < 120; i++) {
          const email = `crowd${String(i % 40).padStart(2, '0')}@crowd.example`;
          handles.add((await plantSession(desk, { personId: `crowd-${i % 40}`, email })).handle);
        }
        const { list, browser } = await script(ada);
        for (const sort of ['seen', 'created', 'email']) {
          const found: List['sessions'] = [];
          let [next, pages]: [string | null, number] = ['', 0];
          while (next !== null) {
            const cursor: string = next === '' ? '' : `&cursor=${encodeURIComponent(next)}`;
            const page: List = await list(`/api/admin/sessions?sort=${sort}&limit=50${cursor}`);
            assert.ok(page.sessions.length <= 50);
            found.push(...page.sessions);
            next = page.next;
            pages++;
          }
          assert.ok(pages >= 3);
          assert.equal(new Set(found.map(({ handle }) => handle)).size, found.length, `${sort}: none twice`);
          assert.equal(
            found.filter(({ handle }) => handles.has(handle)).length,
            120,
            `${sort}: none left out`,
          );
        }
        const search = await list('/api/admin/sessions?q=CROWD07@&limit=100');
        assert.deepEqual(
          new Set(search.sessions.map((one) => one.person.email)),
          new Set(['crowd07@crowd.example']),
        );
        assert.equal(search.sessions.length, 3);
        assert.equal((await browser.ask('/api/admin/sessions')).json<List>().sessions.length, 50);
      });

      test('an invalid query is refused', async () => {
        const { browser } = await script(ada);
        const bad = [
          'cursor=x',
          'cursor=',
          'limit=0',
          'limit=101',
          'limit=1e2',
          'sort=id',
          'q=',
          'more=1',
          'q=a&q=b',
        ];
        const wrongOrder = Buffer.from(JSON.stringify(['ada@example.org', 'key'])).toString('base64url');
        for (const query of [...bad, `cursor=${wrongOrder}`, `q=${'a'.repeat(300)}`]) {
          assert.equal((await browser.ask(`/api/admin/sessions?${query}`)).status, 400, query);
        }
        assert.equal((await browser.ask('/api/sessions?limit=5')).status, 400);
      });
    },
  );
}
