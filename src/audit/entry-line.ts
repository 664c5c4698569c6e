// An entry as one JSON line of the audit log file: what the store holds, in a form that scripts can read and `verify` can take apart again.
import type { RecordRow } from '../store/contract.ts';
import { readEntry } from './entry.ts';

export function lineOf({ text, prev, mac }: Pick<RecordRow, 'text' | 'prev' | 'mac'>): string {
  return `{"entry":${text},"mac":"${mac}","prev":"${prev}"}\n`;
}

/** @returns undefined if `line` is not a line of the audit log */
export function readLine(line: string): RecordRow | undefined {
  // The seal covers the exact text, so the text is cut out of the line instead of being serialized again.
  const [, text, mac, prev] =
    /^\{"entry":(\{.*\}),"mac":"([\w-]{43})","prev":"([\w-]{43})"\}$/.exec(line) ?? [];
  if (text === undefined || mac === undefined || prev === undefined) return undefined;
  const entry = readEntry(text);
  return entry && { seq: entry.seq, text, prev, mac };
}
