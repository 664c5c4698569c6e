// Everything that reaches outside, wired as the server wires it: a person's own entries in the vault are exported and erased with the
// person's data.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLogger } from '../src/http/log.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { openOutbound } from '../src/wiring/outbound.ts';
import { ada, configOf, grace } from './support/desk.ts';
import { keepEvents } from './support/recorder.ts';

test('the copy lists a person’s cookies without values; erasing the person removes only theirs', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-outbound-'));
  const store = openSqliteStore(folder);
  const recorder = keepEvents();
  const settings = {
    PUBLIC_URL: 'https://desk.test',
    SECRET_KEY: '0123456789abcdef'.repeat(4),
    GATE_SECRET: 'a-gate-secret-of-enough-characters-0123',
    DATA_DIR: folder,
    VAULT_PASSPHRASE: 'a passphrase for the tests',
    VAULT_BIND_MACHINE: 'false',
    CONFLUENCE_URL: 'https://wiki.test/confluence',
  };
  let config = configOf(settings);
  const logger = createLogger('silent');
  const outbound = openOutbound({ config: () => config, notes: store.notes, recorder, logger });
  t.after(async () => {
    await outbound.stop();
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const { vault } = outbound.vault;
  const [copy] = outbound.privacy.sources;
  const [erase] = outbound.privacy.erasers;
  const who = (person: typeof ada) => ({ ids: [person.id], email: person.email });
  for (const person of [ada, grace]) {
    const loaded = await vault.load('JSESSIONID=5ecret-value', {
      owner: { id: person.id, name: person.email },
      target: new URL('https://wiki.test/confluence'),
      source: 'page',
      by: person,
    });
    assert.equal(loaded.kind, 'loaded', JSON.stringify(loaded));
  }
  const section = await copy?.(who(ada));
  assert.deepEqual(
    section?.items.map((item) => (item as { names: string[] }).names),
    [['JSESSIONID']],
  );
  assert.doesNotMatch(JSON.stringify(section), /5ecret/);
  await erase?.(who(ada));
  assert.deepEqual((await copy?.(who(ada)))?.items, []);
  assert.equal((await copy?.(who(grace)))?.items.length, 1);
  assert.ok(recorder.events.some(({ event }) => event === 'vault.cleared'));

  // A vault that cannot be opened, for whatever reason, still contains its entries.
  config = configOf({ ...settings, VAULT_PASSPHRASE: 'not the one that sealed it' });
  assert.match((await copy?.(who(grace)))?.about ?? '', /does not open at the moment/);
  await assert.rejects(async () => erase?.(who(grace)), /vault does not open/);
  const { VAULT_PASSPHRASE: _, ...without } = settings;
  config = configOf(without);
  await assert.rejects(async () => erase?.(who(grace)), /vault does not open/);
  rmSync(join(folder, 'vault.json'));
  await erase?.(who(grace));
});
