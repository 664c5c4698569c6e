// An entry of the record as one line of JSON: sorted keys, no character that breaks a line or steers a terminal, and no length without an end.
import { isIP } from 'node:net';
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
  /** Which key sealed it. */
  readonly kid: string;
  /** The pseudonym of the person whom it concerns. */
  readonly who?: string;
  /** The pseudonym of whoever did it, or `terminal`. */
  readonly by?: string;
  readonly reason?: string;
  readonly session?: string;
  /** /24 or /48. */
  readonly network?: string;
  readonly requestId?: string;
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

/** What an entry says before it has its place in the chain. */
export type EntryBody = Omit<Entry, 'v' | 'seq' | 'kid'>;

const longestWord = 100;
const longestFact = 300;
const mostFacts = 16;
/** Longer than the longest that `bodyOf` makes with every character escaped. */
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

/** Few, short, and without addresses of people; undefined where there are none. */
export function factsOf({ facts = {} }: RecordedEvent): NonNullable<Entry['facts']> | undefined {
  const pairs = Object.entries(facts).slice(0, mostFacts);
  if (pairs.length === 0) return undefined;
  return Object.fromEntries(pairs.map(([name, value]) => [shorten(name, longestWord), plainFact(value)]));
}

/** The text that is sealed. */
export function textOf(entry: Entry): string {
  return JSON.stringify(sorted(entry)).replace(
    // JSON leaves these as they are; some programs end a line at them, or let them turn the text around.
    /[\u007f-\u009f\p{Cf}\u2028\u2029]/gu,
    (character) =>
      Array.from({ length: character.length }, (_, i) => escaped(character.charCodeAt(i))).join(''),
  );
}

/** @returns undefined where `text` is no entry. */
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

/** Cut, and without addresses of people: no feature may name one, and none that does is written down. */
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
