// Refuses operations on a database file that was removed or replaced while the program runs: reads within a second, changes immediately.

import type { SameFile } from '../files/same-file.ts';
import { type Store, StoreUnavailable } from './contract.ts';

/** Every operation not listed here changes something. */
const reads: ReadonlySet<string> = new Set([
  'read',
  'readMany',
  'findByHandle',
  'ofPerson',
  'page',
  'countLive',
  'rowsOf',
  'idsOf',
  'awaySince',
  'head',
  'anchor',
  'after',
  'before',
  'bySubject',
  'byEmail',
  'byAlias',
]);
const lookAgainMs = 1_000;

type Operation = (this: unknown, ...args: unknown[]) => Promise<unknown>;

/** `store`, whose operations except `close` reject with StoreUnavailable while `file` is not the one that was opened. */
export function guardStore(store: Store, file: SameFile): Store {
  let lookedAt = Number.NEGATIVE_INFINITY;

  function look(isRead: boolean): void {
    const at = performance.now();
    if (isRead && at - lookedAt < lookAgainMs) return;
    lookedAt = Number.NEGATIVE_INFINITY;
    file.check();
    lookedAt = at;
  }

  function guard(name: string, operation: Operation, table: unknown): Operation {
    const isRead = reads.has(name);
    return (...args) => {
      try {
        look(isRead);
      } catch (error) {
        return Promise.reject(new StoreUnavailable(error));
      }
      return operation.apply(table, args);
    };
  }

  function guardAll(table: object): object {
    const members = Object.entries(table).map(([name, member]) => {
      if (typeof member === 'function' && name !== 'close')
        return [name, guard(name, member as Operation, table)];
      return [name, typeof member === 'object' && member !== null ? guardAll(member) : member];
    });
    return Object.fromEntries(members) as object;
  }

  return guardAll(store) as Store;
}
