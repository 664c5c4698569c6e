// Retention: removes the oldest entries and puts a sealed anchor in their place, so that the rest still verifies. With the last entry
// about a person goes the row that says who the pseudonym was.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RecordRow, RecordTable } from '../store/contract-record.ts';
import { genuineEntry, type RecordKey, sealMark } from './chain.ts';
import type { Entry } from './entry.ts';

const pageSize = 500;

/**
 * Removes what is older than `before`; the last entry stays. The time of a genuine entry decides for everything before it: an entry that
 * was edited to look old takes nothing with it.
 * @param forget is called with each pseudonym that no entry uses any more
 * @returns how many entries were removed
 */
export async function pruneRecord(
  record: RecordTable,
  keys: readonly RecordKey[],
  before: number,
  now: number,
  forget: (alias: string) => Promise<unknown>,
): Promise<number> {
  const [key] = keys;
  if (!key) throw new Error('the record has no key');
  let oldest: RecordRow | undefined;
  let candidate: { readonly row: RecordRow; readonly entry: Entry } | undefined;
  const named = new Set<string>();
  // After the retention was shortened this can be very many entries: yield to other work in between.
  for (let seq = 0, done = false; !done; await nextTurn()) {
    const rows = await record.after(seq, pageSize);
    for (const row of rows) {
      seq = row.seq;
      const entry = genuineEntry(row, keys);
      if (!entry) continue;
      // Lags one entry behind, so that the very last entry is never chosen.
      oldest = candidate?.row;
      for (const alias of [candidate?.entry.who, candidate?.entry.by]) if (alias) named.add(alias);
      candidate = { row, entry };
      done = Date.parse(entry.at) >= before;
      if (done) break;
    }
    done ||= rows.length < pageSize;
  }
  if (!oldest) return 0;
  // Before the entries are removed: if the process is killed in between, the next round finds them again.
  for (const alias of named) {
    await nextTurn();
    if (!(await isNamedAfter(oldest.seq, alias, record))) await forget(alias);
  }
  return record.prune(oldest.seq, sealMark('anchor', oldest, now, key));
}

async function isNamedAfter(
  seq: number,
  alias: string,
  record: Pick<RecordTable, 'before'>,
): Promise<boolean> {
  const newest = await Promise.all([
    record.before(Number.POSITIVE_INFINITY, 1, ['who', alias]),
    record.before(Number.POSITIVE_INFINITY, 1, ['by', alias]),
  ]);
  return newest.flat().some((row) => row.seq > seq);
}
