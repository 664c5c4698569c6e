// Retention: the record is shortened from the front, and a sealed anchor stands for what went, so that the rest still verifies.
import type { RecordRow, RecordTable } from '../store/contract.ts';
import { macOf, type RecordKey, sealMark } from './chain.ts';
import { readEntry } from './entry.ts';

const pageSize = 500;

/**
 * Removes what is older than `before`; the last entry stays. A genuine entry decides, for all that lie before it: one that
 * was edited to look old takes nothing with it.
 * @returns how many entries went
 */
export async function pruneRecord(
  record: RecordTable,
  keys: readonly RecordKey[],
  before: number,
  now: number,
): Promise<number> {
  const [key] = keys;
  if (!key) throw new Error('the record has no key');
  let oldest: RecordRow | undefined;
  let candidate: RecordRow | undefined;
  for (let seq = 0, done = false; !done; ) {
    const rows = await record.after(seq, pageSize);
    for (const row of rows) {
      seq = row.seq;
      const at = timeOf(row, keys);
      if (at === undefined) continue;
      // One behind: the last entry of all is never the one.
      oldest = candidate;
      candidate = row;
      done = at >= before;
      if (done) break;
    }
    done ||= rows.length < pageSize;
  }
  if (!oldest) return 0;
  return record.prune(oldest.seq, sealMark('anchor', oldest, now, key));
}

/** undefined where the entry is not genuine. */
function timeOf(row: RecordRow, keys: readonly RecordKey[]): number | undefined {
  const entry = readEntry(row.text);
  const key = keys.find(({ kid }) => kid === entry?.kid);
  if (!entry || !key || macOf(key.key, row.seq, row.prev, row.text) !== row.mac) return undefined;
  return Date.parse(entry.at);
}
