// An entry as one JSON line of the file: what the store has, in a form that scripts read and `verify` can take apart again.
import type { RecordRow } from '../store/contract.ts';
import { readEntry } from './entry.ts';

export function lineOf({ text, prev, mac }: Pick<RecordRow, 'text' | 'prev' | 'mac'>): string {
  return `{"entry":${text},"mac":"${mac}","prev":"${prev}"}\n`;
}

/** @returns undefined where `line` is none of the record's. */
export function readLine(line: string): RecordRow | undefined {
  // The text itself is sealed, so it is cut out and not written anew.
  const [, text, mac, prev] =
    /^\{"entry":(\{.*\}),"mac":"([\w-]{43})","prev":"([\w-]{43})"\}$/.exec(line) ?? [];
  if (text === undefined || mac === undefined || prev === undefined) return undefined;
  const entry = readEntry(text);
  return entry && { seq: entry.seq, text, prev, mac };
}
