// What a mark for everybody refuses.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openSqliteStore } from '../store/sqlite.ts';
import { createRevocationMarks } from './revocation-marks.ts';

test('an ending of everybody refuses what was issued before it, also to people who are not known here', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-marks-'));
  const store = openSqliteStore(folder);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  let now = Date.now();
  const start = now;
  const marks = createRevocationMarks(store.notes, () => now, 1000);
  assert.equal(await marks.cutAtOf('somebody'), undefined);
  await marks.endPerson('ada');
  now += 10;
  await marks.endEveryone();
  assert.deepEqual([await marks.cutAtOf('ada'), await marks.cutAtOf('stranger')], [start + 10, start + 10]);
  now += 10;
  await marks.endPerson('ada');
  assert.deepEqual([await marks.cutAtOf('ada'), await marks.cutAtOf('stranger')], [start + 20, start + 10]);
});
