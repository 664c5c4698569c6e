// When anybody last used an app, on a real store and across processes.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openSqliteStore } from '../store/sqlite.ts';
import { createLastUsed } from './last-used.ts';

const hour = 3_600_000;

function begin(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-used-'));
  const store = openSqliteStore(folder);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  let at = Date.UTC(2026, 10, 23);
  let writes = 0;
  const facts = {
    ...store.facts,
    create: (name: string, value: string) => {
      writes++;
      return store.facts.create(name, value);
    },
  };
  const replica = () => createLastUsed({ facts, now: () => at });
  return {
    replica,
    start: at,
    writes: () => writes,
    advance: (ms: number) => {
      at += ms;
    },
  };
}

test('a use is noted once an hour, and moves on from there', async (t) => {
  const { replica, start, advance, writes } = begin(t);
  const used = replica();
  await used.note('wiki');
  assert.deepEqual([...(await used.read(['wiki', 'mail']))], [['wiki', start]]);
  advance(hour - 1);
  for (let i = 0; i < 100; i++) await used.note('wiki');
  assert.equal(writes(), 1, 'the store is not asked for each use');
  assert.deepEqual([...(await used.read(['wiki']))], [['wiki', start]]);
  advance(1);
  await used.note('wiki');
  assert.deepEqual([...(await used.read(['wiki']))], [['wiki', start + hour]]);
});

test('replicas share it, and none moves it back', async (t) => {
  const { replica, start, advance } = begin(t);
  const [one, other] = [replica(), replica()];
  advance(3 * hour);
  await one.note('wiki');
  advance(-2 * hour);
  await other.note('wiki');
  assert.deepEqual([...(await other.read(['wiki']))], [['wiki', start + 3 * hour]]);
});
