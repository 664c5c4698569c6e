// Whether the audit log is intact, as last verified. Verifying walks the whole log, so it runs at most once a minute.

import type { RecordTable } from '../store/contract-record.ts';
import { recordKeys } from './chain.ts';
import { findingWords } from './finding-words.ts';
import { verifyRecord } from './verify.ts';

export type ChainState =
  | { readonly state: 'intact'; readonly entries: number; readonly from: number; readonly at: number }
  | {
      readonly state: 'tampered';
      readonly entries: number;
      /** One sentence about the first bad entry. */
      readonly first: string;
      readonly findings: number;
      readonly at: number;
    }
  /** The first verification is still running. */
  | { readonly state: 'reading' };

export interface ChainStateOptions {
  readonly record: RecordTable;
  /** Hex, newest first. */
  readonly keys: () => readonly string[];
  readonly now: () => number;
}

const freshForMs = 60_000;
/** A page waits for the verification at most this long. */
const patienceMs = 1_000;

/** @returns a function that answers within a second with the last known state. @throws StoreUnavailable */
export function createChainState({ record, keys, now }: ChainStateOptions): () => Promise<ChainState> {
  let known: ChainState = { state: 'reading' };
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const verdict = await verifyRecord({ record, keys: recordKeys(keys()) });
    const { count, from } = verdict;
    known =
      verdict.state === 'intact'
        ? { state: 'intact', entries: count, from, at: now() }
        : {
            state: 'tampered',
            entries: count,
            first: findingWords(verdict.first),
            findings: verdict.findings,
            at: now(),
          };
  }

  return async () => {
    if (known.state !== 'reading' && now() - known.at < freshForMs) return known;
    reading ??= read().finally(() => {
      reading = undefined;
    });
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    await Promise.race([reading, patience]);
    clearTimeout(timer);
    // Nobody may be waiting for this any more; the next reader starts a new verification.
    reading?.catch(() => undefined);
    return known;
  };
}
