// The real program with a clock that jumps: a single start 500 days ahead or behind removes nothing, reports the jump, and leaves
// everything as it was.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import { clockCommand } from '../src/commands/clock.ts';
import { openDeployment } from '../src/commands/deployment.ts';
import { runCommand } from '../src/commands/terminal.ts';
import { believedAfterMs, clockFact, readSeenClock, writeSeenClock } from '../src/store/seen-clock.ts';
import { ada, grace, startDesk, storeKinds } from './support/desk.ts';
import { needsOf, opened } from './support/hostile.ts';
import { startServer } from './support/server.ts';
import { openStoreOf } from './support/store-of.ts';

const day = 86_400_000;

for (const store of storeKinds) {
  suite(`a clock that jumps, on ${store}`, await needsOf(store), () => {
    test('the jump removes nothing, and everything is there once the clock is right again', async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'gatehouse-clock-'));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      const [file, dataDir] = [join(folder, 'ahead'), join(folder, 'data')];
      const setClock = (ahead: number) => writeFileSync(file, String(ahead));
      setClock(0);
      const server = await startServer({
        store,
        settings: {
          DATA_DIR: dataDir,
          SECRET_KEY: randomBytes(32).toString('hex'),
          LOG_LEVEL: 'debug',
          AUDIT_RETENTION_DAYS: '30',
          PERSON_RETENTION_DAYS: '30',
        },
        before: `
          import { readFileSync } from 'node:fs';
          const real = Date.now;
          const file = ${JSON.stringify(file)};
          let [ahead, readAt] = [0, -1000];
          Date.now = () => {
            if (performance.now() - readAt > 50) [ahead, readAt] = [Number(readFileSync(file, 'utf8')), performance.now()];
            return real() + ahead;
          };`,
      });
      t.after(() => server.close());
      const browsers = [server.browser(ada), server.browser(grace)];
      for (const browser of browsers)
        assert.equal((await browser.ask('/settings', { headers: opened })).status, 200);

      const counted = async () => {
        const kept = openStoreOf(server.redis?.url, dataDir);
        try {
          const people = await Promise.all([ada, grace].map(({ id }) => kept.people.read(id)));
          const rows = await Promise.all([ada, grace].map(({ id }) => kept.sessions.rowsOf(id)));
          const live = await Promise.all(
            [ada, grace].map(({ id }) => kept.sessions.ofPerson(id, Date.now())),
          );
          const page = await kept.sessions.page({ sort: 'seen', limit: 50 });
          const aliases = await Promise.all([ada, grace].map(({ id }) => kept.aliases.bySubject(id)));
          const entries = await kept.record.after(0, 1000);
          return {
            people: people.filter(Boolean).length,
            rows: rows.flat().length,
            live: live.flat().length,
            listed: page.rows.length,
            aliases: aliases.filter(Boolean).length,
            firstEntry: entries[0]?.seq,
            clock: readSeenClock(await kept.facts.read('clock'))?.at,
          };
        } finally {
          await kept.close();
        }
      };
      const before = await counted();
      assert.deepEqual(
        { ...before, clock: 0 },
        { people: 2, rows: 2, live: 2, listed: 2, aliases: 2, firstEntry: 1, clock: 0 },
      );

      for (const [ahead, doubt] of [
        [500 * day, store === 'redis' ? 'redis' : 'ahead'],
        [-500 * day, 'behind'],
      ] as const) {
        setClock(ahead);
        await server.restart();
        await waitFor('the purge', async () => server.logged('store.purged').length > 0);
        const [told] = server.logged('clock.doubted');
        assert.equal(told?.['doubt'], doubt);
        assert.match(String(told?.['meaning']), /removed because of its age/);
        const left = await counted();
        assert.deepEqual({ ...left, clock: 0 }, { ...before, clock: 0 }, `${ahead / day} days`);
        assert.ok(Math.abs((left.clock ?? 0) - (before.clock ?? 0)) < day);
      }

      setClock(0);
      await server.restart();
      for (const browser of browsers) assert.equal((await browser.ask('/api/me')).status, 200);
      await waitFor('the purge', async () => server.logged('store.purged').length > 0);
      assert.deepEqual(server.logged('clock.doubted'), []);
    });
  });
}

for (const store of storeKinds) {
  suite(`the operator’s confirmation, on ${store}`, await needsOf(store), () => {
    test('`gatehouse clock believe` is recorded and stored; `gatehouse clock` changes nothing', async (t) => {
      const desk = await startDesk({ store });
      t.after(() => desk.close());
      const said: string[] = [];
      const words = {
        out: (text: string) => void said.push(text),
        err: (text: string) => void said.push(text),
        open: () => openDeployment(desk.config),
      };
      const { facts, record } = desk.store;
      const seen = { at: Date.now() - 40 * day, clock: Date.now(), waitedMs: 0 };
      const jumped = await facts.create(clockFact, writeSeenClock(seen));
      assert.equal(await runCommand(clockCommand, [], words), 0);
      assert.equal(await facts.read(clockFact), jumped);
      assert.equal(await runCommand(clockCommand, ['believe'], words), 0);
      const believed = readSeenClock(await facts.read(clockFact));
      assert.deepEqual([believed?.at, believed?.waitedMs], [seen.at, believedAfterMs]);
      const [entry] = await record.before(Number.POSITIVE_INFINITY, 1, ['event', 'clock.believed']);
      assert.match(entry?.text ?? '', /"by":"terminal"/);
      assert.equal(await runCommand(clockCommand, ['forget'], words), 2);
      assert.match(
        said.join(''),
        /far ahead: nothing is removed[\s\S]*The clock is confirmed[\s\S]*the only argument is/,
      );
    });
  });
}
