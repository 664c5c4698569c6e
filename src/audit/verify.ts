// Verifies the audit log in the store, from its anchor to its head, and against copies kept elsewhere: checkpoints, the file.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RecordRow, RecordTable } from '../store/contract-record.ts';
import { chainStart, judgeMark, type Mark, type RecordKey, readMark } from './chain.ts';
import { createWalk, type Finding, type Walk } from './walk-chain.ts';

export type Verdict =
  | {
      readonly state: 'intact';
      /** Numbers of the first and the last entry; `count` 0: there is none. */
      readonly from: number;
      readonly to: number;
      readonly count: number;
    }
  | {
      readonly state: 'tampered';
      readonly first: Finding;
      readonly findings: number;
      readonly from: number;
      readonly to: number;
      readonly count: number;
    };

export interface VerifyOptions {
  readonly record: Pick<RecordTable, 'after' | 'head' | 'anchor'>;
  readonly keys: readonly RecordKey[];
  /** Numbers and seals that are known from elsewhere to be genuine. */
  readonly witnesses?: readonly ReadonlyMap<number, string>[];
}

const pageSize = 1_000;

/** Walks in pages; others may write and prune meanwhile. @throws StoreUnavailable */
export async function verifyRecord(options: VerifyOptions): Promise<Verdict> {
  for (;;) {
    const before = await options.record.anchor();
    const verdict = await verifyOnce(options, before);
    // Entries that were pruned during the walk are not missing.
    if (verdict.state === 'intact' || (await options.record.anchor()) === before) return verdict;
  }
}

async function verifyOnce(options: VerifyOptions, anchorText: string | undefined): Promise<Verdict> {
  const { record, keys, witnesses = [] } = options;
  const headText = await record.head();
  const anchor = anchorText === undefined ? undefined : readMark(anchorText);
  const walk = createWalk(keys, anchor ?? { seq: 0, mac: chainStart });
  const from = walk.last.seq + 1;
  if (anchorText !== undefined) checkAnchor(anchor, keys, walk);
  const head = headText === undefined ? undefined : readMark(headText);
  let until = head ? Math.max(head.seq, walk.last.seq) : Number.POSITIVE_INFINITY;
  for (let seq = walk.last.seq, more = true; more; await nextTurn()) {
    const rows = await record.after(seq, pageSize);
    more = rows.length === pageSize;
    for (const row of rows) {
      seq = row.seq;
      if (row.seq > until) {
        // Either the log has grown since, or somebody added this row beyond its head.
        more = (await sealedSince(record)) < row.seq;
        if (!more) break;
        until = Number.POSITIVE_INFINITY;
      }
      walk.take(row);
      if (walk.last.seq === row.seq && witnesses.some((known) => isOther(row, known)))
        walk.add('forked', row.seq);
    }
  }
  if (head) {
    endAtHead(head, keys, walk);
  } else if (headText !== undefined) {
    walk.add('head forged', walk.last.seq);
  } else if (walk.count > 0 || anchor) {
    walk.add('head missing', walk.last.seq);
  }
  const end = Math.max(walk.last.seq, head?.seq ?? 0);
  const furthest = witnesses.flatMap((known) => [...known.keys()]).reduce((a, b) => Math.max(a, b), 0);
  if (furthest > end && (await sealedSince(record)) < furthest)
    walk.add('truncated', end + 1, furthest - end);
  const { first, findings } = walk.result();
  const span = { from, to: walk.last.seq, count: walk.count };
  return first ? { state: 'tampered', first, findings, ...span } : { state: 'intact', ...span };
}

function checkAnchor(anchor: Mark | undefined, keys: readonly RecordKey[], walk: Walk): void {
  const verdict = anchor ? judgeMark('anchor', anchor, keys) : 'forged';
  if (verdict === 'forged') walk.add('anchor forged', anchor?.seq ?? 0);
  if (verdict === 'key unknown') walk.add('key unknown', anchor?.seq ?? 0);
}

function endAtHead(head: Mark, keys: readonly RecordKey[], walk: Walk): void {
  const verdict = judgeMark('head', head, keys);
  if (verdict === 'forged') {
    walk.add('head forged', head.seq);
    return;
  }
  if (verdict === 'key unknown') walk.add('key unknown', head.seq);
  walk.end(head);
}

async function sealedSince(record: Pick<RecordTable, 'head'>): Promise<number> {
  const text = await record.head();
  return (text === undefined ? undefined : readMark(text))?.seq ?? 0;
}

function isOther(row: RecordRow, known: ReadonlyMap<number, string>): boolean {
  const mac = known.get(row.seq);
  return mac !== undefined && mac !== row.mac;
}
