// Wraps a store and measures how long each operation took and how many failed. The arguments are not kept.
import type { Store } from '../store/contract.ts';
import { operationLabel, storeOperations } from './metric-table.ts';
import type { Metrics } from './metrics.ts';

type Operation = (this: unknown, a?: unknown, b?: unknown, c?: unknown, d?: unknown) => Promise<unknown>;

/** `store` with measured operations; its other members stay as they are. */
export function measureStore(store: Store, metrics: Metrics): Store {
  const failed = metrics.counter('gatehouse_store_failures_total');
  const tables = Object.entries(storeOperations).map(([table, operations]) => {
    const plain = store[table as keyof typeof storeOperations] as unknown as Record<string, Operation>;
    const measured = Object.fromEntries(
      operations.map((name) => {
        const took = metrics.histogram('gatehouse_store_duration_seconds', {
          operation: operationLabel(table, name),
        });
        return [name, measure(plain[name] as Operation, plain, took, failed)];
      }),
    );
    return [table, { ...plain, ...measured }];
  });
  return { ...store, ...(Object.fromEntries(tables) as Partial<Store>) };
}

/** No operation of the contract has more than four arguments: named ones avoid creating an array for each call. */
function measure(
  operation: Operation,
  table: unknown,
  took: (seconds: number) => void,
  failed: () => void,
): Operation {
  return async (a, b, c, d) => {
    const startedAt = performance.now();
    try {
      return await operation.call(table, a, b, c, d);
    } catch (error) {
      // An invalid cursor is the caller's error, not the store's.
      if (!(error instanceof RangeError)) failed();
      throw error;
    } finally {
      took((performance.now() - startedAt) / 1000);
    }
  };
}
