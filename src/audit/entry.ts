// An entry of the audit log as one line of JSON: sorted keys, no characters that break a line or control a terminal, limited length. And that line with its
// seals, as it stands in the audit log file.
import { isIP } from 'node:net';
import type { RecordRow } from '../store/contract-record.ts';
import { networkOf } from '../store/network.ts';
import type { Outcome, RecordedEvent } from './recorder.ts';

/** An entry as it is sealed. People are pseudonyms. */
export interface Entry {
  readonly v: 1;
  readonly seq: number;
  /** ISO 8601, UTC, with milliseconds. */
  readonly at: string;
  readonly event: string;
  readonly outcome: Outcome;
  /** Id of the key that sealed it. */
  readonly kid: string;
  /** Pseudonym of the person the entry is about. */
  readonly who?: string;
  /** Pseudonym of the person who did it, or `terminal`. */
  readonly by?: string;
  readonly reason?: string;
  readonly session?: string;
  /** /24 or /48. */
  readonly network?: string;
  readonly requestId?: string;
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

/** The content of an entry before it gets its place in the chain. */
export type EntryBody = Omit<Entry, 'v' | 'seq' | 'kid'>;

const longestWord = 100;
const longestFact = 300;
const mostFacts = 16;
/** Longer than the longest text that `bodyOf` can produce, with every character escaped. */
export const longestText = 64_000;

/** @param at milliseconds */
export function bodyOf(
  event: RecordedEvent,
  at: number,
  people: { readonly who: string | undefined; readonly by: string | undefined },
): EntryBody {
  const { outcome = 'done', session, requestId } = event;
  const network = event.network !== undefined && isIP(event.network) ? networkOf(event.network) : undefined;
  const reason = reasonOf(event);
  const facts = factsOf(event);
  return {
    at: new Date(at).toISOString(),
    event: event.event,
    outcome,
    ...(people.who !== undefined && { who: people.who }),
    ...(people.by !== undefined && { by: people.by }),
    ...(reason !== undefined && { reason }),
    ...(session !== undefined && { session: shorten(session, longestWord) }),
    ...(network !== undefined && { network }),
    ...(requestId !== undefined && { requestId: shorten(requestId, longestWord) }),
    ...(facts && { facts }),
  };
}

export function reasonOf({ reason }: RecordedEvent): string | undefined {
  return reason === undefined ? undefined : shorten(reason, longestWord);
}

/** Few, short, and without e-mail addresses; undefined if there are none. */
export function factsOf({ facts = {} }: RecordedEvent): NonNullable<Entry['facts']> | undefined {
  const pairs = Object.entries(facts).slice(0, mostFacts);
  if (pairs.length === 0) return undefined;
  return Object.fromEntries(pairs.map(([name, value]) => [shorten(name, longestWord), plainFact(value)]));
}

/** The text that is sealed. */
export function textOf(entry: Entry): string {
  return JSON.stringify(sorted(entry)).replace(
    // JSON does not escape these; some programs end a line at them or let them reverse the text direction.
    /[\u007f-\u009f\p{Cf}\u2028\u2029]/gu,
    (character) =>
      Array.from({ length: character.length }, (_, i) => escaped(character.charCodeAt(i))).join(''),
  );
}

/** @returns undefined if `text` is not an entry */
export function readEntry(text: string): Entry | undefined {
  if (text.length > longestText) return undefined;
  try {
    const entry = JSON.parse(text) as Partial<Entry> | null;
    const whole =
      entry?.v === 1 &&
      Number.isSafeInteger(entry.seq) &&
      typeof entry.kid === 'string' &&
      typeof entry.event === 'string' &&
      !Number.isNaN(Date.parse(String(entry.at)));
    return whole ? (entry as Entry) : undefined;
  } catch {
    return undefined;
  }
}

function plainFact(value: string | number | boolean): string | number | boolean {
  if (typeof value === 'string') return shorten(value, longestFact);
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** Truncates, and removes e-mail addresses: no feature may put one here, and if one does it is not stored. */
function shorten(text: string, length: number): string {
  const cut = String(text).slice(0, length);
  return cut.includes('@') ? cut.replace(/[^\s"'<>(),;:@]+@[^\s"'<>(),;:@]+/g, '(address)') : cut;
}

function sorted(value: object): object {
  const entries = Object.entries(value).map(([name, inner]: [string, unknown]) => [
    name,
    typeof inner === 'object' && inner !== null ? sorted(inner) : inner,
  ]);
  return Object.fromEntries(entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
}

function escaped(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`;
}

/** One line of the audit log file: what the store holds, as JSON that scripts can read and `readLine` can take apart again. */
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
