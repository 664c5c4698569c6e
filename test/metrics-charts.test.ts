// The charts on the dashboard of the real program, on both stores: operators see everyone's numbers, members their own.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import { ada, grace, storeKinds } from './support/desk.ts';
import { needsOf } from './support/hostile.ts';
import { startServer } from './support/server.ts';

const today = new Date().toISOString().slice(0, 10);

for (const store of storeKinds) {
  suite(`charts on ${store}`, await needsOf(store), () => {
    test('an operator sees everyone’s sign-ins and refusals within seconds, a member only their own', async (t) => {
      const server = await startServer({ store });
      t.after(() => server.close());
      const operator = server.browser(ada);
      assert.equal((await operator.ask('/dashboard')).status, 200);
      const members = [server.browser(grace), server.browser(grace)];
      for (const member of members) assert.equal((await member.ask('/dashboard')).status, 200);
      const forged = { ...server.gateHeaders(grace), authorization: `Basic ${btoa(`${grace.id}:guess`)}` };
      assert.equal((await server.browser(grace).ask('/api/me', { headers: forged })).status, 401);

      let page = '';
      await waitFor('the counts', async () => {
        page = (await operator.ask('/dashboard')).text;
        return page.includes('3 in the last 14 days, all of them today.');
      });
      assert.match(page, /Sign-ins by day/);
      assert.match(page, /3 now/);
      assert.match(page, /1 in the last 14 days, all of them today\. Most often: without the gate’s proof\./);
      assert.match(page, new RegExp(`<time datetime="${today}">[^<]+</time></th><td>3</td>`));
      assert.ok(!page.includes(grace.email));

      const own = (await members[0]?.ask('/dashboard'))?.text ?? '';
      assert.match(own, /Your sign-ins by day/);
      assert.doesNotMatch(own, /Live sessions|Refused requests|3 in the last/);
      assert.match(own, /[12] in the last 14 days, all of them today\./);
    });

    test('counts of the last seconds survive a restart', async (t) => {
      const server = await startServer({ store });
      t.after(() => server.close());
      await server.browser(ada).ask('/dashboard');
      await server.restart();
      const page = (await server.browser(ada).ask('/dashboard')).text;
      assert.match(page, /1 in the last 14 days, all of them today\./);
    });
  });
}
