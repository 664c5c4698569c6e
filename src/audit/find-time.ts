// Finds a time in the record by halving: entries are numbered in the order of their times, nearly.
import type { RecordTable } from '../store/contract.ts';
import { readEntry } from './entry.ts';

/** @returns the number of the first entry that is later than `at` (milliseconds), or the one after the last */
export async function seqAt(record: Pick<RecordTable, 'after' | 'before'>, at: number): Promise<number> {
  const [[oldest], [newest]] = await Promise.all([
    record.after(0, 1),
    record.before(Number.POSITIVE_INFINITY, 1),
  ]);
  let low = oldest?.seq ?? 1;
  let high = (newest?.seq ?? 0) + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [row] = await record.after(middle - 1, 1);
    const time = Date.parse(readEntry(row?.text ?? '')?.at ?? '');
    // What cannot be read counts as late: then it is looked at rather than passed over.
    if (time <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
