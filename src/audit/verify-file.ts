// Verifies the JSON lines: each by its own seal, and the links between those that follow one another. A replica's file has
// only what that replica wrote, so a gap in it is no finding.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { demandOrdinaryFile } from '../files/ordinary-file.ts';
import { macOf, type RecordKey } from './chain.ts';
import { readEntry } from './entry.ts';
import { filesOf } from './file-disk.ts';
import { readLine } from './lines.ts';

export interface LineFinding {
  readonly kind: 'edited' | 'forked' | 'key unknown';
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

export interface FileVerdict {
  readonly count: number;
  readonly first: LineFinding | undefined;
  readonly findings: number;
  /** Of the genuine lines: number and seal. */
  readonly macs: ReadonlyMap<number, string>;
  /** Numbers between the first and the last that this file lacks, from and to. */
  readonly absent: readonly (readonly [number, number])[];
}

/** Reads `path` and the full files that stepped aside from it. @throws where one cannot be read */
export async function verifyFile(path: string, keys: readonly RecordKey[]): Promise<FileVerdict> {
  const byId = new Map(keys.map((key) => [key.kid, key]));
  const macs = new Map<number, string>();
  const links: { seq: number; prev: string; file: string; line: number }[] = [];
  let first: LineFinding | undefined;
  let findings = 0;
  let count = 0;
  const add = (kind: LineFinding['kind'], file: string, line: number) => {
    findings += 1;
    first ??= { kind, file, line };
  };
  for (const file of await filesOf(path)) {
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
        add('edited', file, line);
      } else if (!key) {
        add('key unknown', file, line);
      } else if (macOf(key.key, row.seq, row.prev, row.text) !== row.mac) {
        add('edited', file, line);
      } else if ((macs.get(row.seq) ?? row.mac) !== row.mac) {
        add('forked', file, line);
      } else {
        macs.set(row.seq, row.mac);
        links.push({ seq: row.seq, prev: row.prev, file, line });
      }
    }
  }
  for (const { seq, prev, file, line } of links) {
    if ((macs.get(seq - 1) ?? prev) !== prev) add('forked', file, line);
  }
  return { count, first, findings, macs, absent: gapsIn([...macs.keys()].sort((a, b) => a - b)) };
}

function gapsIn(numbers: readonly number[]): [number, number][] {
  return numbers.flatMap((number, i): [number, number][] => {
    const before = numbers[i - 1];
    return before === undefined || number === before + 1 ? [] : [[before + 1, number - 1]];
  });
}
