// Finds a time in the audit log by binary search: the order of the entries is nearly the order of their times.
import type { RecordTable } from '../store/contract-record.ts';
import { readEntry } from './entry.ts';

/** @returns the number of the first entry later than `at` (milliseconds), or one past the last entry */
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
    // An unreadable entry counts as late, so that it is looked at rather than skipped.
    if (time <= at) low = middle + 1;
    else high = middle;
  }
  return low;
}
