// Migrates a store, or refuses it, before its first operation, even if it could not be reached at the start.
import type { Store } from './contract.ts';

export interface Preparing {
  readonly store: Store;
  /** Makes the next operation prepare again: after a reconnect it may be another store. */
  again(): void;
}

type Operation = (...args: unknown[]) => unknown;

/** @param prepare until it succeeds, every operation throws what it throws */
export function prepareFirst(plain: Omit<Store, 'prepare'>, prepare: () => Promise<void>): Preparing {
  let isReady = false;
  let preparing: Promise<void> | undefined;

  function ready(): Promise<void> {
    if (isReady) return Promise.resolve();
    // Shared by all operations that wait for it.
    preparing ??= prepare()
      .then(() => {
        isReady = true;
      })
      .finally(() => {
        preparing = undefined;
      });
    return preparing;
  }

  const guard =
    (operation: Operation): Operation =>
    (...args) =>
      isReady ? operation(...args) : ready().then(() => operation(...args));
  const guardAll = (table: object) =>
    Object.fromEntries(
      Object.entries(table).map(([name, member]) => [
        name,
        typeof member === 'function' ? guard(member as Operation) : member,
      ]),
    );

  const { close, ...rest } = plain;
  const members = Object.entries(rest).map(([name, member]) => [
    name,
    typeof member === 'function' ? guard(member as Operation) : guardAll(member),
  ]);
  return {
    store: { ...(Object.fromEntries(members) as typeof rest), close, prepare: ready },
    again() {
      isReady = false;
    },
  };
}
