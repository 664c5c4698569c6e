// Seals entries behind the end of the audit log if that end is genuine. If it is not, the first entry says so and stays in the log.
import type { RecordAddition, RecordEnd, RecordRow } from '../store/contract-record.ts';
import { chainStart, judgeMark, type RecordKey, readMark, sealEntry, sealMark } from './chain.ts';
import { bodyOf, type EntryBody } from './entry.ts';

interface Place {
  readonly seq: number;
  readonly mac: string;
}

/**
 * @param keys newest first; the first one seals
 * @param left the last head that this process wrote: the audit log only grows
 * @returns undefined if the last entry is needed too
 */
export function sealGroup(
  bodies: readonly EntryBody[],
  end: RecordEnd,
  keys: readonly RecordKey[],
  now: number,
  left?: string,
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
  else if (left !== undefined && isBehind(place, left)) add(putBack(left, now));
  for (const body of bodies) add(body);
  return { rows, head: sealMark('head', place, now, key) };
}

function isBehind({ seq, mac }: Place, left: string): boolean {
  const mark = readMark(left);
  return mark !== undefined && (seq < mark.seq || (seq === mark.seq && mac !== mark.mac));
}

/** The store was replaced by an older copy, or a Redis lost its last seconds: the entries since then are gone, and this entry says so. */
function putBack(head: string, now: number): EntryBody {
  const nobody = { who: undefined, by: undefined };
  return bodyOf(
    { event: 'record.doubted', outcome: 'failed', reason: 'put back', facts: { head } },
    now,
    nobody,
  );
}

/** The entry contains the head, so that it can be judged later if its key is missing now. */
function doubt(head: string | undefined, now: number): EntryBody {
  const event = 'record.doubted';
  const nobody = { who: undefined, by: undefined };
  return head === undefined
    ? bodyOf({ event, outcome: 'failed', reason: 'head missing' }, now, nobody)
    : bodyOf({ event, outcome: 'failed', reason: 'head', facts: { head } }, now, nobody);
}
