// Puts entries behind the end of the record, if that end is genuine; if it is not, an entry says so first and stays.
import type { RecordAddition, RecordEnd, RecordRow } from '../store/contract.ts';
import { chainStart, judgeMark, type RecordKey, readMark, sealEntry, sealMark } from './chain.ts';
import { bodyOf, type EntryBody } from './entry.ts';

interface Place {
  readonly seq: number;
  readonly mac: string;
}

/**
 * @param keys newest first; the first one seals
 * @returns undefined where the last entry must be seen too
 */
export function sealGroup(
  bodies: readonly EntryBody[],
  end: RecordEnd,
  keys: readonly RecordKey[],
  now: number,
): RecordAddition | undefined {
  const [key] = keys;
  if (!key) throw new Error('the record has no key');
  const head = end.head === undefined ? undefined : readMark(end.head);
  const isGenuine = head !== undefined && judgeMark('head', head, keys) === 'genuine';
  if (!isGenuine && end.last === undefined) return undefined;
  const isEnd = isGenuine && (end.last?.seq ?? 0) <= head.seq;
  let place: Place = isEnd ? head : (end.last ?? { seq: 0, mac: chainStart });
  const rows: RecordRow[] = [];
  const add = (body: EntryBody) => {
    const row = sealEntry(body, place.seq + 1, place.mac, key);
    rows.push(row);
    place = row;
  };
  if (!isEnd && (end.head !== undefined || end.last)) add(doubt(end.head, now));
  for (const body of bodies) add(body);
  return { rows, head: sealMark('head', place, now, key) };
}

/** The head goes into the entry: with a key that is missing now, it can be judged later. */
function doubt(head: string | undefined, now: number): EntryBody {
  const event = 'record.doubted';
  const nobody = { who: undefined, by: undefined };
  return head === undefined
    ? bodyOf({ event, outcome: 'failed', reason: 'head missing' }, now, nobody)
    : bodyOf({ event, outcome: 'failed', reason: 'head', facts: { head } }, now, nobody);
}
