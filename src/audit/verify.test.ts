// A verification while the log is being pruned: what went meanwhile is not missing, and what is missing is not excused by it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordRow } from '../store/contract-record.ts';
import { chainStart, recordKeys, sealEntry, sealMark } from './chain.ts';
import { verifyRecord } from './verify.ts';

const keys = recordKeys(['a1'.repeat(32)]);
const [key] = keys;
assert.ok(key);
const at = Date.UTC(2026, 10, 28);

const rows: RecordRow[] = [];
for (let seq = 1; seq <= 4; seq++) {
  const body = { at: new Date(at + seq).toISOString(), event: 'session.created', outcome: 'done' } as const;
  rows.push(sealEntry(body, seq, rows.at(-1)?.mac ?? chainStart, key));
}
const markAt = (kind: 'head' | 'anchor', seq: number) => {
  const row = rows[seq - 1];
  assert.ok(row);
  return sealMark(kind, row, at, key);
};
const anchorAt = (seq: number) => (seq === 0 ? undefined : markAt('anchor', seq));

/** A log of four entries. @param prunedTo how far it is pruned at each look at the anchor; the last one stays */
function logPrunedTo(
  prunedTo: readonly number[],
  read = (after: number, pruned: number) => Math.max(after, pruned),
) {
  let looks = 0;
  let pruned = 0;
  let walks = 0;
  return {
    walks: () => walks,
    verify: () =>
      verifyRecord({
        keys,
        record: {
          async anchor() {
            pruned = prunedTo[Math.min(looks++, prunedTo.length - 1)] ?? 0;
            return anchorAt(pruned);
          },
          async head() {
            return markAt('head', 4);
          },
          async after(seq: number) {
            walks++;
            return rows.slice(read(seq, pruned));
          },
        },
      }),
  };
}

test('entries pruned during verification are not missing: it starts again from the new anchor', async () => {
  // Pruned right after the first look at the anchor.
  let first = true;
  const { verify, walks } = logPrunedTo([0, 2], (seq, pruned) => {
    const from = first ? 2 : Math.max(seq, pruned);
    first = false;
    return from;
  });
  assert.deepEqual(await verify(), { state: 'intact', from: 3, to: 4, count: 2 });
  assert.equal(walks(), 2);
});

test('entries missing without a new anchor are reported after one pass', async () => {
  const { verify, walks } = logPrunedTo([0], () => 2);
  const verdict = await verify();
  assert.equal(verdict.state, 'tampered');
  assert.equal(walks(), 1);
});

test('an intact pass counts, even if older entries were pruned meanwhile', async () => {
  const { verify, walks } = logPrunedTo([0, 1, 2, 3], (seq) => seq);
  assert.deepEqual(await verify(), { state: 'intact', from: 1, to: 4, count: 4 });
  assert.equal(walks(), 1);
});
