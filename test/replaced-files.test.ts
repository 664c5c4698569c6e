// The database is removed, replaced or separated from its write-ahead log while the program runs: it never continues in a file that is no
// longer there.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import { ada } from './support/desk.ts';
import { eventually } from './support/eventually.ts';
import { startServer } from './support/server.ts';

test('a database that was moved, replaced, or lost its log: not ready, every change refused, logged once, and ready again when it is back', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-replaced-'));
  const server = await startServer({ store: 'sqlite', settings: { DATA_DIR: dataDir } });
  t.after(async () => {
    await server.close();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const browser = server.browser(ada);
  await browser.ask('/dashboard');
  const { csrfToken } = (await browser.ask('/api/me')).json<{ csrfToken: string }>();
  const headers = { 'x-csrf-token': csrfToken, origin: server.origin };
  const change = () => browser.ask('/api/sessions/revoke-others', { method: 'POST', headers });
  const readiness = async () => (await server.ops.ask('/readyz')).status;
  assert.deepEqual([(await change()).status, await readiness()], [200, 200]);

  const path = join(dataDir, 'gatehouse.db');
  const aside = join(dataDir, 'aside.db');
  const states: [what: string, lose: () => void, mend: () => void][] = [
    ['moved away', () => renameSync(path, aside), () => renameSync(aside, path)],
    [
      'replaced by a copy',
      () => {
        renameSync(path, aside);
        copyFileSync(aside, path);
      },
      () => renameSync(aside, path),
    ],
    ['without its log', () => renameSync(`${path}-wal`, aside), () => renameSync(aside, `${path}-wal`)],
  ];
  let told = 0;
  for (const [what, lose, mend] of states) {
    lose();
    assert.equal((await change()).status, 503, what);
    assert.equal(await readiness(), 503, what);
    const lines = await eventually('its word', () => {
      const all = server.logged('store.file_replaced');
      return all.length > told && all;
    });
    told += 1;
    assert.equal(lines.length, told, what);
    assert.match(
      String(lines.at(-1)?.['meaning']),
      /gatehouse\.db(-wal)? \(DATA_DIR\) is no longer the file that was opened.*restart Gatehouse/,
    );
    mend();
    await waitFor('it to be ready', async () => (await readiness()) === 200);
    await waitFor('its word that it is back', () => server.logged('store.file_back').length === told);
    assert.equal((await change()).status, 200, what);
  }
});
