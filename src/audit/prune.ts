// Retention: the record is shortened from the front, and a sealed anchor stands for what went, so that the rest still verifies. With the
// last entry about somebody goes what says who that was.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RecordRow, RecordTable } from '../store/contract.ts';
import { type RecordKey, sealMark } from './chain.ts';
import type { Entry } from './entry.ts';
import { genuineEntry } from './genuine.ts';

const pageSize = 500;

/**
 * Removes what is older than `before`; the last entry stays. A genuine entry decides, for all that lie before it: one that
 * was edited to look old takes nothing with it.
 * @param forget hears each pseudonym that no entry bears any more
 * @returns how many entries went
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
  // A retention that was shortened can concern very many: others have their turn in between.
  for (let seq = 0, done = false; !done; await nextTurn()) {
    const rows = await record.after(seq, pageSize);
    for (const row of rows) {
      seq = row.seq;
      const entry = genuineEntry(row, keys);
      if (!entry) continue;
      // One behind: the last entry of all is never the one.
      oldest = candidate?.row;
      for (const alias of [candidate?.entry.who, candidate?.entry.by]) if (alias) named.add(alias);
      candidate = { row, entry };
      done = Date.parse(entry.at) >= before;
      if (done) break;
    }
    done ||= rows.length < pageSize;
  }
  if (!oldest) return 0;
  // Before the entries: killed in between, the next round finds them again.
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
