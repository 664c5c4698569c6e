// The store fails in the middle of a request: nothing is reported as done that is not, and the next attempt completes it.
import assert from 'node:assert/strict';
import { after, before, suite, type TestContext, test } from 'node:test';
import { type Store, StoreUnavailable } from '../src/store/contract.ts';
import type { Client } from './support/client.ts';
import { ada, begin, type Desk, startDesk, storeKinds } from './support/desk.ts';
import { formType, needsOf, sessionName, startVariant, visitorName } from './support/hostile.ts';

type Table = 'sessions' | 'visitors' | 'people' | 'claims';

/** A `store` whose `table.method` fails while `isDown()`; earlier writes remain. */
function failing(store: Store, table: Table, method: string, isDown: () => boolean): Store {
  const proxy = new Proxy(store[table], {
    get: (target, name) =>
      name === method && isDown()
        ? async () => {
            throw new StoreUnavailable(new Error('the disk is full'));
          }
        : Reflect.get(target, name),
  });
  return { ...store, [table]: proxy };
}

for (const store of storeKinds) {
  suite(`partial failures on ${store}`, await needsOf(store), () => {
    let desk: Desk;
    before(async () => {
      desk = await startDesk({ store });
    });
    after(() => desk.close());

    async function open(t: TestContext, table: Table, method: string, isDown: () => boolean) {
      const consoleError = t.mock.method(console, 'error', () => {});
      const variant = await startVariant(desk, { store: failing(desk.store, table, method, isDown) });
      t.after(() => variant.close());
      return { ...variant, consoleError };
    }

    const takeCookies = (to: Client, from: Client) => {
      for (const [name, value] of from.cookies) to.cookies.set(name, value);
    };

    for (const [table, method] of [
      ['people', 'choose'],
      ['sessions', 'update'],
      ['visitors', 'choose'],
    ] as const) {
      test(`settings: if ${table}.${method} fails, nothing is reported as saved and no cookie changes`, async (t) => {
        const { browser, csrfToken } = await begin(desk, ada);
        let down = true;
        const variant = await open(t, table, method, () => down);
        const there = variant.browser(ada);
        takeCookies(there, browser);
        const headers = { origin: variant.origin, 'content-type': formType, 'x-csrf-token': csrfToken };
        const save = (body: string) => there.ask('/settings', { method: 'POST', body, headers });
        const answer = await save('theme=dark');
        assert.equal(answer.status, 503);
        assert.deepEqual(
          answer.setCookies.filter((line) => line.startsWith(sessionName)),
          [],
        );
        down = false;
        const isPersistent = async () =>
          (await there.ask('/api/me')).json<{ session: { staySignedIn: boolean } }>().session.staySignedIn;
        assert.equal(await isPersistent(), true, 'nothing was changed');
        assert.equal((await save('theme=dark')).status, 303);
        assert.equal(await isPersistent(), false);
        assert.equal(variant.consoleError.mock.callCount(), 0, 'the log alone tells of it');
      });
    }

    test('the last-seen time cannot be written: the answer is complete, and the connection stays usable', async (t) => {
      const { browser } = await begin(desk, ada);
      const variant = await open(t, 'sessions', 'touch', () => true);
      const there = variant.browser(ada);
      takeCookies(there, browser);
      desk.advance(61_000);
      for (let i = 0; i < 5; i++) {
        const answer = await there.ask('/dashboard', { headers: { connection: 'keep-alive' } });
        assert.equal(answer.status, 200);
        assert.match(answer.text, /<\/html>\s*$/);
      }
      assert.equal(variant.consoleError.mock.callCount(), 0, 'the log alone tells of it');
    });

    const steps = [
      ['sessions', 'create'],
      ['visitors', 'retire'],
      ['people', 'signIn'],
      ['claims', 'claim'],
    ] as const;
    for (const [table, method] of steps) {
      test(`sign-in: ${table}.${method} fails once; the next attempt succeeds completely`, async (t) => {
        const person = { id: `800${table}`, email: 'half@example.org' };
        let down = true;
        const variant = await open(t, table, method, () => down);
        const visitor = variant.browser();
        await visitor.ask('/');
        const headers = { origin: variant.origin, 'content-type': formType };
        await visitor.ask('/', { method: 'POST', body: 'theme=dark', headers });
        const oldVisitor = visitor.cookies.get(visitorName) ?? '';
        const member = variant.browser(person);
        member.cookies.set(visitorName, oldVisitor);
        member.cookies.set('__Host-_oauth2_proxy', 'b25l|1700000000|c2lnbmF0dXJl');

        const failed = await member.ask('/dashboard');
        assert.equal(failed.status, 503);
        assert.deepEqual(
          failed.setCookies.filter((line) => line.startsWith(sessionName)),
          [],
          'no session yet',
        );
        down = false;
        const page = await member.ask('/dashboard');
        assert.equal(page.status, 200);
        assert.match(page.text, /data-theme="dark"/, 'what the visitor chose has moved along');
        assert.notEqual(member.cookies.get(visitorName), oldVisitor, 'the visitor id is replaced');
        const thief = variant.browser();
        thief.cookies.set(visitorName, oldVisitor);
        assert.match((await thief.ask('/')).text, /data-theme="auto"/, 'and the old one is dead');
        assert.equal((await desk.store.people.read(person.id))?.email, person.email);
      });
    }
  });
}
