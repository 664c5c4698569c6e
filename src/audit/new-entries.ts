// Passes new entries of the audit log, from every replica, to subscribers within two seconds.
import type { RecordRow, RecordTable } from '../store/contract-record.ts';

export interface NewEntries<Item> {
  /** Calls `listener` with new entries, oldest first. @returns a function that ends the subscription */
  subscribe(listener: (items: readonly Item[]) => void): () => void;
}

const stepSize = 200;
const pollMs = 2_000;

export function createNewEntries<Item>(
  record: Pick<RecordTable, 'before' | 'after'>,
  itemsOf: (rows: readonly RecordRow[]) => Promise<Item[]>,
): NewEntries<Item> {
  const listeners = new Set<(items: readonly Item[]) => void>();
  let last: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  let again = false;

  async function look(): Promise<void> {
    if (last === undefined) {
      last = (await record.before(Number.POSITIVE_INFINITY, 1))[0]?.seq ?? 0;
      return;
    }
    const rows = await record.after(last, stepSize);
    const newest = rows.at(-1);
    if (!newest) return;
    last = newest.seq;
    const items = await itemsOf(rows);
    for (const listener of listeners) listener(items);
    again ||= rows.length === stepSize;
  }

  function lookNow(): void {
    again = true;
    if (looking || listeners.size === 0) return;
    looking = true;
    again = false;
    // A store outage ends this read; the next one continues from the same entry.
    void look()
      .catch(() => undefined)
      .finally(() => {
        looking = false;
        if (again) lookNow();
      });
  }

  return {
    subscribe(listener) {
      listeners.add(listener);
      timer ??= setInterval(lookNow, pollMs).unref();
      if (listeners.size === 1) {
        last = undefined;
        lookNow();
      }
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}
