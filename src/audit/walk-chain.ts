// Walks along the chain and says what happened to the first entry that does not belong where it is. A genuine entry cannot be created
// without the key: it can only be moved, copied or dropped, and its sealed number shows which.
import type { RecordRow } from '../store/contract-record.ts';
import { judgeMark, macOf, type RecordKey, readMark } from './chain.ts';
import { type Entry, readEntry } from './entry.ts';

export type FindingKind =
  /** Its text does not match its seal. */
  | 'edited'
  /** `count` entries are not there any more. */
  | 'missing'
  /** It is not where it was written. */
  | 'reordered'
  /** It was added here, as a copy of another one or without the key. */
  | 'inserted'
  /** The log ends before the last entry that was written. */
  | 'truncated'
  /** It is genuine, and so is another one with this number: the log was restored to an earlier state and continued. */
  | 'forked'
  | 'head missing'
  | 'head forged'
  | 'anchor forged'
  /** Sealed with a key that is no longer among the keys. */
  | 'key unknown'
  /** Sealed with a former key, long after a newer one had taken over. */
  | 'key returned';

export interface Finding {
  readonly kind: FindingKind;
  /** The entry's number, or the number of the place where it should not be. */
  readonly seq: number;
  /** How many entries are affected. */
  readonly count: number;
}

export interface Walk {
  /** Takes the next row, in stored order. */
  take(row: RecordRow): void;
  /** Takes what the head says: number and seal of the last entry. */
  end(head: { readonly seq: number; readonly mac: string }): void;
  add(kind: FindingKind, seq: number, count?: number): void;
  /** Entries so far, bad ones included. */
  readonly count: number;
  /** The last genuine entry. */
  readonly last: { readonly seq: number; readonly mac: string };
  /** How many findings there are, and the first one. */
  result(): { readonly first: Finding | undefined; readonly findings: number };
}

const overlapMs = 86_400_000;

/** @param start the entry before the first one, according to the anchor */
export function createWalk(
  keys: readonly RecordKey[],
  start: { readonly seq: number; readonly mac: string },
): Walk {
  const byId = new Map(keys.map((key) => [key.kid, key]));
  let last = start;
  let count = 0;
  let bad: { readonly seq: number }[] = [];
  let first: Finding | undefined;
  let findings = 0;
  /** Set if the first finding is a gap: entries that may still turn up later. */
  let gap: { from: number; to: number; jumper: number; seen: Set<number>; copied: boolean } | undefined;
  /** When each key came into use, in that order. */
  const firstUse = new Map<string, number>();

  function add(kind: FindingKind, seq: number, concerned = 1): void {
    findings += 1;
    first ??= { kind, seq, count: concerned };
  }

  /** Handles entries between `last` and `next` that are missing or replaced by bad ones. */
  function bridge(
    next: { readonly seq: number; readonly prev: string },
    absence: 'missing' | 'truncated',
  ): void {
    const expected = last.seq + 1;
    const lacking = next.seq - expected;
    if (bad.length === 0 && lacking > 0) {
      if (!first && absence === 'missing') {
        gap = { from: expected, to: next.seq - 1, jumper: next.seq, seen: new Set(), copied: false };
      }
      add(absence, expected, lacking);
    } else if (bad.length > 0 && lacking === 0) {
      add('inserted', expected, bad.length);
    } else if (bad.length > 0) {
      const place = bad[0]?.seq ?? expected;
      const edited = place > expected && place < next.seq ? place : expected;
      if (edited > expected) add('missing', expected, edited - expected);
      add('edited', edited, Math.min(bad.length, lacking));
      if (edited === expected && lacking > bad.length) add(absence, expected, lacking - bad.length);
      if (bad.length > lacking) add('inserted', expected, bad.length - lacking);
    }
    if (lacking === 0 && next.prev !== last.mac) add('forked', next.seq);
    bad = [];
  }

  function late(seq: number): void {
    if (gap && seq >= gap.from && seq <= gap.to && !gap.seen.has(seq)) gap.seen.add(seq);
    else if (gap && seq === gap.jumper && !gap.copied) gap.copied = true;
    else add('inserted', last.seq + 1);
  }

  function checkKey({ kid, at, seq }: Entry): void {
    const time = Date.parse(at);
    if (!firstUse.has(kid)) firstUse.set(kid, time);
    const [newest = kid, since = time] = [...firstUse].at(-1) ?? [];
    if (newest !== kid && time > since + overlapMs) add('key returned', seq);
  }

  /** Judges an entry about a head that could not be trusted: whether that was an attack is known once its key is known. */
  function checkDoubt({ seq, reason, facts }: Entry, before: { seq: number; mac: string }): void {
    const head = typeof facts?.['head'] === 'string' ? readMark(facts['head']) : undefined;
    const verdict = head ? judgeMark('head', head, keys) : 'forged';
    if (reason === 'head missing') add('head missing', seq);
    else if (verdict === 'key unknown') add('key unknown', seq);
    else if (!head || verdict === 'forged') add('head forged', seq);
    else if (head.seq > before.seq) add('truncated', seq, head.seq - before.seq);
    else if (reason === 'put back') add('forked', seq);
    else if (head.seq < before.seq || head.mac !== before.mac) add('head forged', seq);
  }

  return {
    add,
    get count() {
      return count;
    },
    get last() {
      return last;
    },
    take(row) {
      count += 1;
      const entry = readEntry(row.text);
      const key = entry && byId.get(entry.kid);
      if (entry && !key && entry.seq === last.seq + 1 && row.prev === last.mac && bad.length === 0) {
        add('key unknown', entry.seq);
        last = { seq: entry.seq, mac: row.mac };
        return;
      }
      if (!entry || !key || macOf(key.key, entry.seq, row.prev, row.text) !== row.mac) {
        bad.push({ seq: row.seq });
        return;
      }
      const { seq } = entry;
      if (seq <= last.seq) {
        late(seq);
        return;
      }
      const before = findings;
      bridge({ seq, prev: row.prev }, 'missing');
      if (row.seq !== seq && findings === before) add('reordered', seq);
      if (entry.event === 'record.doubted') checkDoubt(entry, last);
      checkKey(entry);
      last = { seq, mac: row.mac };
    },
    end(head) {
      if (head.seq < last.seq) add('head forged', head.seq);
      else bridge({ seq: head.seq + 1, prev: head.mac }, 'truncated');
    },
    result() {
      if (first?.kind !== 'missing' || !gap) return { first, findings };
      const { seq } = first;
      const missing = first.count - gap.seen.size;
      if (gap.seen.has(seq)) {
        const kind = missing === 0 && gap.copied ? 'inserted' : 'reordered';
        return { first: { kind, seq, count: 1 }, findings };
      }
      return { first: { ...first, count: missing }, findings };
    },
  };
}
