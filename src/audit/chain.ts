// The hash chain: every entry is sealed (HMAC) together with the seal of the entry before it, and the end of the log has a seal of its own.
// Without the key, entries can be destroyed, but none can be changed, added, moved or dropped unnoticed.
import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import type { RecordRow } from '../store/contract-record.ts';
import { type Entry, type EntryBody, readEntry, textOf } from './entry.ts';

/** The "previous seal" of the very first entry. */
export const chainStart = 'A'.repeat(43);

export interface RecordKey {
  readonly kid: string;
  /** A KeyObject, not raw bytes: importing the bytes for each entry costs seven times as much as the sealing. */
  readonly key: KeyObject;
}

/** A position in the chain with a seal of its own: the head, the anchor that stands for pruned entries, or a checkpoint. */
export interface Mark {
  readonly v: 1;
  readonly seq: number;
  readonly mac: string;
  /** ISO 8601, UTC. */
  readonly at: string;
  readonly kid: string;
  readonly seal: string;
}

export type MarkKind = 'head' | 'anchor' | 'checkpoint';

export type MarkVerdict = 'genuine' | 'forged' | 'key unknown';

/** @param keys 64 hex digits each, newest first */
export function recordKeys(keys: readonly string[]): RecordKey[] {
  return keys.map((hex) => {
    const bytes = Buffer.from(hex, 'hex');
    const kid = createHash('sha256')
      .update('gatehouse record key id')
      .update(bytes)
      .digest('hex')
      .slice(0, 8);
    return { kid, key: createSecretKey(bytes) };
  });
}

/** The row of the entry that follows the seal `prev`. */
export function sealEntry(body: EntryBody, seq: number, prev: string, { kid, key }: RecordKey): RecordRow {
  const text = textOf({ v: 1, seq, kid, ...body } satisfies Entry);
  return { seq, text, prev, mac: macOf(key, seq, prev, text) };
}

export function macOf(key: KeyObject, seq: number, prev: string, text: string): string {
  return seal(key, 'entry', String(seq), prev, text);
}

export function sealMark(
  kind: MarkKind,
  place: Pick<Mark, 'seq' | 'mac'>,
  at: number,
  { kid, key }: RecordKey,
): string {
  const iso = new Date(at).toISOString();
  const { seq, mac } = place;
  return JSON.stringify({
    v: 1,
    seq,
    mac,
    at: iso,
    kid,
    seal: sealOfMark(kind, { seq, mac, at: iso }, key),
  } satisfies Mark);
}

/** @returns undefined if `text` is not a mark */
export function readMark(text: string): Mark | undefined {
  try {
    const mark = JSON.parse(text) as Partial<Mark> | null;
    const { seq, mac, at, kid, seal: sealed } = mark ?? {};
    const whole =
      mark?.v === 1 &&
      Number.isSafeInteger(seq) &&
      [mac, at, kid, sealed].every((one) => typeof one === 'string');
    return whole ? (mark as Mark) : undefined;
  } catch {
    return undefined;
  }
}

export function judgeMark(kind: MarkKind, mark: Mark, keys: readonly RecordKey[]): MarkVerdict {
  const found = keys.find(({ kid }) => kid === mark.kid);
  if (!found) return 'key unknown';
  return sealOfMark(kind, mark, found.key) === mark.seal ? 'genuine' : 'forged';
}

function sealOfMark(
  kind: MarkKind,
  { seq, mac, at }: Pick<Mark, 'seq' | 'mac' | 'at'>,
  key: KeyObject,
): string {
  return seal(key, kind, String(seq), mac, at);
}

/** Each part is preceded by its length, so that no two lists of parts produce the same input. */
function seal(key: KeyObject, ...parts: readonly string[]): string {
  const framed = parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join('');
  return createHmac('sha256', key).update(framed).digest('base64url');
}

/** Whether this deployment sealed an entry, wherever it was read from. @returns the entry in `row`; undefined if no key in `keys` sealed it as it stands */
export function genuineEntry(row: RecordRow, keys: readonly RecordKey[]): Entry | undefined {
  const entry = readEntry(row.text);
  const key = keys.find(({ kid }) => kid === entry?.kid);
  return entry && key && macOf(key.key, row.seq, row.prev, row.text) === row.mac ? entry : undefined;
}
