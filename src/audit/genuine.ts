// Whether an entry was sealed by this deployment, wherever it is read from.
import type { RecordRow } from '../store/contract.ts';
import { macOf, type RecordKey } from './chain.ts';
import { type Entry, readEntry } from './entry.ts';

/** @returns the entry in `row`; undefined if no key in `keys` sealed it as it stands */
export function genuineEntry(row: RecordRow, keys: readonly RecordKey[]): Entry | undefined {
  const entry = readEntry(row.text);
  const key = keys.find(({ kid }) => kid === entry?.kid);
  return entry && key && macOf(key.key, row.seq, row.prev, row.text) === row.mac ? entry : undefined;
}
