// The order of the steps of an erasure, and under whose name it is recorded.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keepEvents } from '../../test/support/recorder.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { createErase } from './erase.ts';

const ada = { id: '1', email: 'ada@example.org' };
const operator = { id: '2', email: 'olga@example.org' };

function setUp(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-erase-'));
  const store = openSqliteStore(folder);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const done: string[] = [];
  const recorder = {
    ...keepEvents(),
    flush: async () => void done.push('flush'),
    forget: async () => void done.push('forget journal'),
  };
  const erase = createErase({
    store,
    recorder,
    forgetAliases: async () => done.push('forget pseudonyms'),
    endSessions: async () => {
      done.push('end');
      return [];
    },
    further: [async () => void done.push('further')],
    isListed: () => false,
    now: Date.now,
  });
  const who = { ids: [ada.id], email: ada.email };
  return { done, recorder, erase, who };
}

test('the journal and the pseudonyms are erased last: an event written afterwards would create a new pseudonym', async (t) => {
  const { done, erase, who } = setUp(t);
  await erase(who, operator);
  assert.deepEqual(done, ['end', 'further', 'flush', 'forget journal', 'forget pseudonyms']);
});

test('erasing oneself is recorded with one name; an operator and the retention period are recorded as the actor', async (t) => {
  const { recorder, erase, who } = setUp(t);
  for (const by of [ada, operator, 'terminal', 'retention'] as const) await erase(who, by);
  const about = { event: 'privacy.erased', person: ada };
  assert.deepEqual(recorder.events, [
    about,
    { ...about, by: operator },
    { ...about, by: 'terminal' },
    { ...about, reason: 'retention' },
  ]);
});
