// What retention removes from the front of the record, and whose pseudonyms are removed with it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RecordRow } from '../store/contract-record.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { chainStart, judgeMark, readMark, recordKeys, sealEntry } from './chain.ts';
import { pruneRecord } from './prune.ts';

const keys = recordKeys(['a1'.repeat(32)]);
const [key] = keys;
assert.ok(key);
const day = 86_400_000;
const now = Date.UTC(2026, 10, 28);

/** A record with one entry per day, the last one from today, by each of `who` in turn. */
const setUp = async (t: TestContext, people: readonly string[]) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-prune-'));
  const { record, close } = openSqliteStore(folder);
  t.after(async () => {
    await close();
    rmSync(folder, { recursive: true });
  });
  const rows: RecordRow[] = [];
  for (const [index, who] of people.entries()) {
    const at = new Date(now - (people.length - 1 - index) * day).toISOString();
    const prev = rows.at(-1)?.mac ?? chainStart;
    rows.push(sealEntry({ at, event: 'session.created', outcome: 'done', who }, index + 1, prev, key));
  }
  /** Forges an entry, as somebody would who can write to the store but lacks the key. */
  const forge = (index: number, daysAgo: number) => {
    const row = rows[index];
    assert.ok(row);
    const text = row.text.replace(/"at":"[^"]*"/, `"at":"${new Date(now - daysAgo * day).toISOString()}"`);
    assert.notEqual(text, row.text);
    rows[index] = { ...row, text };
  };
  const forgotten: string[] = [];
  const prune = async (before: number) => {
    await record.append(() => ({ rows, head: '{}' }));
    return pruneRecord(record, keys, before, now, async (alias) => forgotten.push(alias));
  };
  const left = async () => (await record.after(0, 100)).map(({ seq }) => seq);
  return { record, rows, forge, prune, left, forgotten };
};

test('older entries are removed, those exactly as old are kept, and a sealed anchor replaces what was removed', async (t) => {
  const { record, rows, prune, left } = await setUp(t, ['a', 'a', 'a', 'a']);
  assert.equal(await prune(now - 2 * day), 1);
  assert.deepEqual(await left(), [2, 3, 4]);
  const anchor = readMark((await record.anchor()) ?? '');
  assert.ok(anchor);
  assert.equal(judgeMark('anchor', anchor, keys), 'genuine');
  assert.deepEqual([anchor.seq, anchor.mac], [1, rows[0]?.mac]);
});

test('the last entry stays, however old it is', async (t) => {
  const { prune, left } = await setUp(t, ['a', 'a', 'a']);
  assert.equal(await prune(now + day), 2);
  assert.deepEqual(await left(), [3]);
});

test('an entry edited to look old removes nothing else, and one edited to look new preserves nothing', async (t) => {
  const looksOld = await setUp(t, ['a', 'a', 'a', 'a']);
  looksOld.forge(2, 100);
  assert.equal(await looksOld.prune(now - 2.5 * day), 1);
  assert.deepEqual(await looksOld.left(), [2, 3, 4]);

  const looksNew = await setUp(t, ['a', 'a', 'a', 'a']);
  looksNew.forge(0, -100);
  assert.equal(await looksNew.prune(now - 0.5 * day), 3);
});

test('a pseudonym is removed with the last entry about the person, and not before', async (t) => {
  const { prune, forgotten } = await setUp(t, ['ada', 'grace', 'ada', 'alan']);
  await prune(now - 1.5 * day);
  assert.deepEqual(forgotten, ['grace']);
});

test('nothing is removed if nothing is old enough', async (t) => {
  const { record, prune, left, forgotten } = await setUp(t, ['a', 'b']);
  assert.equal(await prune(now - 100 * day), 0);
  assert.deepEqual(await left(), [1, 2]);
  assert.equal(await record.anchor(), undefined);
  assert.deepEqual(forgotten, []);
});
