// Whether an entry is one that this house has sealed, wherever it is read from.
import type { RecordRow } from '../store/contract.ts';
import { macOf, type RecordKey } from './chain.ts';
import { type Entry, readEntry } from './entry.ts';

/** @returns what `row` says; undefined where no key of `keys` sealed it as it stands there */
export function genuineEntry(row: RecordRow, keys: readonly RecordKey[]): Entry | undefined {
  const entry = readEntry(row.text);
  const key = keys.find(({ kid }) => kid === entry?.kid);
  return entry && key && macOf(key.key, row.seq, row.prev, row.text) === row.mac ? entry : undefined;
}
