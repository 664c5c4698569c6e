// The ops port: alive while the process runs; ready while the store responds and until it shuts down. On both stores.
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import { drain, listen } from '../src/http/server.ts';
import { createOpsServer } from '../src/ops/health.ts';
import { createClient } from './support/client.ts';
import { startDesk, storeKinds } from './support/desk.ts';
import { assertPlain, needsOf } from './support/hostile.ts';

for (const store of storeKinds) {
  suite(`readiness on ${store}`, await needsOf(store), () => {
    test('is live while it runs, and ready while the store answers and it is not stopping', async (t) => {
      const desk = await startDesk({ store });
      t.after(() => desk.close());
      let accepting = true;
      const ops = createOpsServer({ ping: desk.store.ping, isAccepting: () => accepting });
      const port = await listen(ops, 0, '127.0.0.1');
      t.after(() => drain(ops, 100));
      const client = createClient(`http://127.0.0.1:${port}`);
      const statuses = async () => [
        (await client.ask('/livez')).status,
        (await client.ask('/readyz')).status,
      ];
      assert.deepEqual(await statuses(), [200, 200]);
      for (const [path, method, status] of [
        ['/metrics/x', 'GET', 404],
        ['/', 'GET', 404],
        ['/livez', 'POST', 405],
        ['/readyz', 'HEAD', 200],
      ] as const) {
        const answer = await client.ask(path, { method });
        assert.equal(answer.status, status);
        assertPlain(answer.text);
        assert.match(String(answer.headers['content-type']), /charset=utf-8/);
      }
      if (desk.redis) {
        await desk.redis.kill();
        await waitFor('the outage', async () => (await client.ask('/readyz')).status === 503);
        assert.deepEqual(await statuses(), [200, 503]);
        await desk.redis.restart();
        await waitFor('the return', async () => (await client.ask('/readyz')).status === 200);
      }
      accepting = false;
      assert.deepEqual(await statuses(), [200, 503]);
      accepting = true;
      await desk.store.close();
      assert.deepEqual(await statuses(), [200, 503]);
    });
  });
}
