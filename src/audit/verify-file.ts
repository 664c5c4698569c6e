// Verifies the JSON lines: each by its own seal, and that they follow one another in order, without gaps or duplicates. Rotated files and
// the current one are read as one.
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { demandOrdinaryFile } from '../files/ordinary-file.ts';
import { macOf, type RecordKey } from './chain.ts';
import { readEntry, readLine } from './entry.ts';
import { filesOf } from './file-disk.ts';

/** `seq`: the entry's number, if the line is known to be an entry. */
export type LineFinding =
  | {
      readonly kind: 'edited' | 'forked' | 'key unknown' | 'doubled' | 'reordered';
      readonly file: string;
      /** From 1. */
      readonly line: number;
      readonly seq?: number;
    }
  /** Entries `seq` and following, `count` of them, are not there. */
  | { readonly kind: 'missing'; readonly seq: number; readonly count: number };

export interface FileVerdict {
  readonly count: number;
  readonly first: LineFinding | undefined;
  readonly findings: number;
  /** Number and seal of each genuine line. */
  readonly macs: ReadonlyMap<number, string>;
  /** Ranges of numbers that this file lacks, from and to. */
  readonly absent: readonly (readonly [number, number])[];
}

/** What the store holds, as far as it can be compared. */
export interface Span {
  readonly from: number;
  readonly to: number;
  /** Numbers at which a file may start, besides the first entry of the audit log. */
  readonly begins: ReadonlySet<number>;
}

/**
 * Reads `path` and the files that were rotated from it.
 * @param span what the audit log holds; absent: only entries between the file's own first and last line can be known to be missing
 * @throws if one cannot be read
 */
export async function verifyFile(
  path: string,
  keys: readonly RecordKey[],
  span?: Span,
): Promise<FileVerdict> {
  const byId = new Map(keys.map((key) => [key.kid, key]));
  const macs = new Map<number, string>();
  const links: { seq: number; prev: string; file: string; line: number }[] = [];
  let first: LineFinding | undefined;
  let findings = 0;
  let count = 0;
  let newest = 0;
  const add = (finding: LineFinding) => {
    findings += 1;
    first ??= finding;
  };
  for (const file of await existing(path)) {
    demandOrdinaryFile({ path: file, setting: '--file' });
    let line = 0;
    for await (const text of createInterface({ input: createReadStream(file), crlfDelay: 0 })) {
      line += 1;
      if (text === '') continue;
      count += 1;
      const row = readLine(text);
      const entry = row && readEntry(row.text);
      const key = entry && byId.get(entry.kid);
      if (!row || !entry) {
        add({ kind: 'edited', file, line });
      } else if (!key) {
        add({ kind: 'key unknown', file, line });
      } else if (macOf(key.key, row.seq, row.prev, row.text) !== row.mac) {
        add({ kind: 'edited', file, line });
      } else if (macs.has(row.seq)) {
        add({ kind: macs.get(row.seq) === row.mac ? 'doubled' : 'forked', file, line, seq: row.seq });
      } else {
        if (row.seq < newest) add({ kind: 'reordered', file, line, seq: row.seq });
        newest = Math.max(newest, row.seq);
        macs.set(row.seq, row.mac);
        links.push({ seq: row.seq, prev: row.prev, file, line });
      }
    }
  }
  for (const { seq, prev, file, line } of links) {
    if ((macs.get(seq - 1) ?? prev) !== prev) add({ kind: 'forked', file, line, seq });
  }
  const absent = absentOf(
    [...macs.keys()].sort((a, b) => a - b),
    span,
  );
  for (const [from, to] of absent) add({ kind: 'missing', seq: from, count: to - from + 1 });
  return { count, first, findings, macs, absent };
}

/** A file that does not exist lacks everything. */
async function existing(path: string): Promise<string[]> {
  return (await filesOf(path)).filter((file) => existsSync(file));
}

function absentOf(numbers: readonly number[], span: Span | undefined): [number, number][] {
  const [oldest, newest] = [numbers[0], numbers.at(-1)];
  if (!span) return gapsIn(numbers);
  if (oldest === undefined || newest === undefined) return span.to < span.from ? [] : [[span.from, span.to]];
  const front: [number, number][] =
    oldest > span.from && !span.begins.has(oldest) ? [[span.from, oldest - 1]] : [];
  const end: [number, number][] = newest < span.to ? [[newest + 1, span.to]] : [];
  return [...front, ...gapsIn(numbers), ...end];
}

function gapsIn(numbers: readonly number[]): [number, number][] {
  return numbers.flatMap((number, i): [number, number][] => {
    const before = numbers[i - 1];
    return before === undefined || number === before + 1 ? [] : [[before + 1, number - 1]];
  });
}
