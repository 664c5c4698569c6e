// The radar: everyone's sessions, for operators, who can end one, all of a person's, or everyone's after typing a word. On SQLite and on
// Redis.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { ada, begin, type Desk, grace, startDesk, storeKinds } from './support/desk.ts';
import { plantSession } from './support/planted.ts';
import { need } from './support/requirement.ts';

for (const store of storeKinds) {
  suite(`radar on ${store}`, await need(...(store === 'redis' ? (['redis-server'] as const) : [])), () => {
    let desk: Desk;
    before(async () => {
      desk = await startDesk({ store, settings: { SESSION_MAX_PER_USER: '0' } });
    });
    after(() => desk.close());

    test('members are refused, and see no link to it', async () => {
      const { browser, change, handle } = await begin(desk, grace);
      for (const path of ['/radar', '/radar/end-everyone', '/radar/receipt', '/radar/end']) {
        const answer = await browser.ask(path);
        assert.equal(answer.status, 403, path);
      }
      for (const path of ['/radar/end', '/radar/end-person', '/radar/end-everyone']) {
        assert.equal((await change(path, { handle, word: 'everyone' })).status, 403, path);
      }
      assert.doesNotMatch((await browser.ask('/devices')).text, /href="\/radar"/);
      const json = await browser.ask('/radar', { headers: { accept: 'application/json' } });
      assert.equal(json.json<{ error: { code: string } }>().error.code, 'not_operator');
    });

    test('lists everyone with their person, searchable and in pages', async () => {
      for (let i = 0; i < 30; i++)
        await plantSession(desk, { personId: `p${i}`, email: `page${i}@pages.example` });
      const { browser } = await begin(desk, ada);
      const { text } = await browser.ask('/radar?utm_source=x');
      assert.match(text, /Sessions here[\s\S]*<dd>\d+<\/dd>/);
      const next = /href="(\/radar\?[^"]*cursor=[^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
      const second = await browser.ask(next);
      assert.equal(second.status, 200);
      assert.match(second.text, /First page/);
      const handles = (page: string) =>
        [...page.matchAll(/name="handle" value="([^"]+)"/g)].map(([, handle]) => handle);
      assert.ok(handles(second.text).length > 0);
      assert.ok(handles(second.text).every((handle) => !handles(text).includes(handle)));
      const search = await browser.ask('/radar?q=Page1');
      assert.match(search.text, /page1@pages\.example/);
      assert.ok(!search.text.includes('page2@pages.example') && search.text.includes('page19@pages.example'));
      assert.match((await browser.ask('/radar?q=nobody')).text, /No session belongs to such an address/);
      for (const bad of ['cursor=x', 'sort=x', 'ended=x'])
        assert.equal((await browser.ask(`/radar?${bad}`)).status, 400);
    });

    test('idle sessions are left out, and paging still ends', async () => {
      const at = desk.now();
      for (let i = 0; i < 60; i++) {
        const times = { createdAt: at - 90_000_000, lastSeenAt: at - 86_400_001 - i };
        await plantSession(desk, { personId: `idle${i}`, email: `idle${i}@idle.example`, ...times });
      }
      const { browser } = await begin(desk, ada);
      for (const sort of ['seen', 'email']) {
        assert.doesNotMatch((await browser.ask(`/radar?sort=${sort}&q=idle`)).text, /idle0@/);
      }
      const { next } = (await browser.ask('/api/admin/sessions?limit=100')).json<{ next: string | null }>();
      assert.equal(next, null);
    });

    test('ends one session, then all of a person, with a receipt that says whose', async () => {
      const theirs = [await begin(desk, grace), await begin(desk, grace)];
      const { browser, change } = await begin(desk, ada);
      const [first, second] = theirs;
      const one = await change('/radar/end', { handle: first?.handle ?? '' });
      assert.equal(one.location, `/radar/receipt?handle=${first?.handle}`);
      assert.match((await browser.ask(one.location ?? '')).text, /grace@example\.org/);
      assert.equal((await first?.browser.ask('/api/me'))?.status, 401);
      assert.equal((await second?.browser.ask('/api/me'))?.status, 200);
      const confirm = await browser.ask(`/radar/end-person?handle=${second?.handle}`);
      assert.match(confirm.text, /grace@example\.org[\s\S]*everywhere\?/);
      assert.equal((await second?.browser.ask('/api/me'))?.status, 200, 'asking ends nothing');
      const all = await change('/radar/end-person', { handle: second?.handle ?? '' });
      assert.match(all.location ?? '', /^\/radar\/receipt\?handle=/);
      assert.equal((await second?.browser.ask('/api/me'))?.status, 401);
      assert.equal(
        (await change('/radar/end-person', { handle: second?.handle ?? '' })).location,
        '/radar?ended=0',
      );
      assert.equal((await change('/radar/end', { handle: 'AAAAAAAAAAAA' })).status, 404);
      assert.equal((await browser.ask('/radar/end-person?handle=AAAAAAAAAAAA')).status, 404);
    });

    test('hostile names of people are shown as text', async () => {
      const bad = '"><script>alert(1)</script>@x.example';
      const row = await plantSession(desk, { personId: bad, email: bad }, { network: bad });
      const { browser, change } = await begin(desk, ada);
      const pages = [
        await browser.ask(`/radar?q=${encodeURIComponent('"><script')}`),
        await browser.ask(`/radar/end-person?handle=${row.handle}`),
      ];
      const { location = '' } = await change('/radar/end', { handle: row.handle });
      for (const { status, text } of [...pages, await browser.ask(location)]) {
        assert.equal(status, 200);
        assert.ok(!text.includes('<script>'));
        assert.match(text, /&lt;script/);
      }
    });

    test('ending everyone: a wrong word or no token ends nothing; the right word keeps only this session', async () => {
      const others = [await begin(desk, grace), await begin(desk, ada)];
      const { browser, change } = await begin(desk, ada);
      assert.match((await browser.ask('/radar/end-everyone')).text, /type <code>everyone<\/code>/);
      for (const word of ['', 'all', 'everyone!', 'every one']) {
        const answer = await change('/radar/end-everyone', { word });
        assert.equal(answer.status, 422, word);
        assert.match(answer.text, /Nobody was signed out/);
      }
      assert.equal((await change('/radar/end-everyone', {})).status, 400);
      assert.equal(
        (await change('/radar/end-everyone', { word: 'everyone' }, { 'x-csrf-token': '' })).status,
        403,
      );
      for (const other of others) assert.equal((await other.browser.ask('/api/me')).status, 200);
      const answer = await change('/radar/end-everyone', { word: ' Everyone ' });
      assert.equal(answer.status, 303);
      assert.match(answer.location ?? '', /^\/radar\?ended=\d+$/);
      for (const other of others) assert.equal((await other.browser.ask('/api/me')).status, 401);
      assert.match((await browser.ask(answer.location ?? '')).text, /sessions were ended/);
      const left = (await browser.ask('/api/admin/sessions')).json<{ sessions: { current: boolean }[] }>();
      assert.deepEqual(
        left.sessions.map(({ current }) => current),
        [true],
      );
    });
  });
}
