// A checkpoint: a sealed statement of where the audit log ended at a given time. Keep it out of reach of anyone who could change the log.
import type { RecordTable } from '../store/contract-record.ts';
import { judgeMark, type Mark, type RecordKey, readMark, sealMark } from './chain.ts';

/**
 * One line of JSON.
 * @returns undefined if the log is empty or its head is not genuine: then there is nothing to vouch for
 */
export async function makeCheckpoint(
  record: Pick<RecordTable, 'head'>,
  keys: readonly RecordKey[],
  now: number,
): Promise<string | undefined> {
  const [key] = keys;
  const text = await record.head();
  const head = text === undefined ? undefined : readMark(text);
  if (!key || !head || judgeMark('head', head, keys) !== 'genuine') return undefined;
  return sealMark('checkpoint', head, now, key);
}

/** @returns the checkpoint, or what is wrong with it, as a sentence for the person who supplied it */
export function readCheckpoint(text: string, keys: readonly RecordKey[]): Mark | { readonly wrong: string } {
  const mark = readMark(text.trim());
  if (!mark) return { wrong: 'the file of --checkpoint holds no checkpoint' };
  const verdict = judgeMark('checkpoint', mark, keys);
  if (verdict === 'forged') return { wrong: 'the checkpoint is not genuine: its seal does not match' };
  if (verdict === 'key unknown') {
    return {
      wrong: `the checkpoint was sealed with the key ${/^[\da-f]{8}$/.test(mark.kid) ? mark.kid : '?'}, which is not configured; add it to AUDIT_KEY_FALLBACKS`,
    };
  }
  return mark;
}
