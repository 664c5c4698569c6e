// Passes every operation of a store through one function, to refuse it or to explain why it failed.
import type { Store } from './contract.ts';

type Operation = (this: unknown, a?: unknown, b?: unknown, c?: unknown, d?: unknown) => Promise<unknown>;

/** Runs one operation of the store, or throws instead of running it. */
export type Around = <T>(run: () => Promise<T>) => Promise<T>;

/** `store` with each operation except `close` wrapped in `around`. */
export function aroundEach(store: Store, around: Around): Store {
  const members = Object.entries(store).map(([name, member]: [string, unknown]) => {
    if (name === 'close') return [name, member];
    if (typeof member === 'function') return [name, wrap(member as Operation, store, around)];
    const table = member as Record<string, unknown>;
    const wrapped = Object.entries(table).map(([operation, run]) => [
      operation,
      typeof run === 'function' ? wrap(run as Operation, table, around) : run,
    ]);
    return [name, Object.fromEntries(wrapped)];
  });
  return Object.fromEntries(members) as Store;
}

/** No operation of the contract has more than four arguments; they are named, so that a call allocates no array. */
function wrap(run: Operation, of: unknown, around: Around): Operation {
  return (a, b, c, d) => around(() => run.call(of, a, b, c, d));
}
