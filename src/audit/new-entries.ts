// Tells who watches what is new in the record: at once where this process wrote it, else within two seconds.
import type { RecordRow, RecordTable } from '../store/contract.ts';

export interface NewEntries<Item> {
  /** Hears new entries, of every replica, oldest first. @returns how to stop */
  subscribe(listener: (items: readonly Item[]) => void): () => void;
  /** Looks for new entries now. */
  poke(): void;
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

  function poke(): void {
    again = true;
    if (looking || listeners.size === 0) return;
    looking = true;
    again = false;
    // An outage ends the look; the next one goes on from the same place.
    void look()
      .catch(() => undefined)
      .finally(() => {
        looking = false;
        if (again) poke();
      });
  }

  return {
    poke,
    subscribe(listener) {
      listeners.add(listener);
      timer ??= setInterval(poke, pollMs).unref();
      if (listeners.size === 1) {
        last = undefined;
        poke();
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
