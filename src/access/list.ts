// The allow-list as text: adding or removing an address changes whether oauth2-proxy admits that address and nothing else; every other
// line, comment and line ending stays as it was.
import { type ListRecord, readList } from './reader.ts';

export interface Entry {
  /** Lower case, as oauth2-proxy compares it. */
  readonly email: string;
  /** The single `#` line above it or above its group, otherwise the content of further columns. */
  readonly comment: string | undefined;
  /** False for what no address can equal: `@example.org`, `ada@example.org # Ada`, a byte-order mark. */
  readonly works: boolean;
}

export type Broken = { readonly kind: 'broken'; readonly line: number; readonly fault: 'quote' | 'columns' };
export type Entries = { readonly kind: 'entries'; readonly entries: readonly Entry[] } | Broken;
export type Added = { readonly kind: 'added'; readonly text: string } | { readonly kind: 'present' } | Broken;
export type Removed =
  | { readonly kind: 'removed'; readonly text: string }
  | { readonly kind: 'absent' }
  | Broken;

const maxComment = 200;

/** Each address once, in the order of the file. */
export function entries(text: string): Entries {
  const reading = readList(text);
  if (reading.kind === 'broken') return reading;
  const lines = linesOf(text);
  const found = new Map<string, Entry>();
  for (const { record, heading } of withHeadings(lines, reading.records)) {
    const email = record.address;
    if (email === '' || found.has(email)) continue;
    const columns = record.fields.slice(1).map((field) => field.trim());
    const comment =
      heading === undefined ? columns.filter(Boolean).join(', ') : commentOf(lines[heading] ?? '');
    found.set(email, { email, comment: comment || undefined, works: /^[^\s@]+@[^\s@]+$/.test(email) });
  }
  return { kind: 'entries', entries: [...found.values()] };
}

/** Appends `email`, with its comment on the line above. @param email from `parseEmail` (src/config/email-address.ts) */
export function add(text: string, email: string, comment = ''): Added {
  const reading = readList(text);
  if (reading.kind === 'broken') return reading;
  if (reading.records.some(({ address }) => address === email)) return { kind: 'present' };
  const end = text.includes('\r\n') ? '\r\n' : '\n';
  const note = cleanComment(comment);
  // If the list has several columns, every line needs as many.
  const columns = ','.repeat((reading.records[0]?.fields.length ?? 1) - 1);
  const lines = linesOf(text);
  const isGroup = note === '' && !lines.slice(blockBegin(lines)).some(isComment);
  const head = [
    text,
    text === '' || text.endsWith('\n') ? '' : text.endsWith('\r') ? '\n' : end,
    lines.length === 0 || isBlank(lines.at(-1)) || isGroup ? '' : end,
  ].join('');
  return { kind: 'added', text: `${head}${note && `# ${note}${end}`}${email}${columns}${end}` };
}

/** Removes every line of `email`, and a comment that belonged to it alone. @param email as `entries` names it */
export function remove(text: string, email: string): Removed {
  const reading = readList(text);
  if (reading.kind === 'broken') return reading;
  const lines = linesOf(text);
  const placed = withHeadings(lines, reading.records);
  const going = placed.filter(({ record }) => record.address === email);
  if (going.length === 0) return { kind: 'absent' };
  const gone = new Set<number>();
  for (const { record } of going) for (let at = record.line; at < record.endLine; at++) gone.add(at);
  for (const { heading } of going) {
    const below = placed.filter((other) => other.heading === heading && other.record.address !== '');
    const isOver = below.every(({ record }) => record.address === email);
    if (heading !== undefined && isOver) gone.add(heading);
  }
  for (const at of [...gone]) {
    // Two empty lines around a removed line become one.
    const isFirst = !gone.has(at - 1) && isBlank(lines[at - 1]);
    let after = at;
    while (gone.has(after)) after++;
    if (isFirst && at > 0 && (after >= lines.length || isBlank(lines[after]))) gone.add(at - 1);
  }
  return { kind: 'removed', text: lines.filter((_, at) => !gone.has(at)).join('') };
}

interface Placed {
  readonly record: ListRecord;
  /** The line of its comment. */
  readonly heading: number | undefined;
}

/** A comment of one line applies to the addresses below it, up to the next comment or empty line; a longer one belongs to the file. */
function withHeadings(lines: readonly string[], records: readonly ListRecord[]): Placed[] {
  const placed: Placed[] = [];
  const begins = new Map(records.map((record) => [record.line, record]));
  let heading: number | undefined;
  for (let at = 0; at < lines.length; ) {
    const record = begins.get(at);
    if (record) {
      placed.push({ record, heading });
      at = record.endLine;
      if (record.address === '') heading = undefined;
      continue;
    }
    const isOne = isComment(lines[at]) && !isComment(lines[at - 1]) && !isComment(lines[at + 1]);
    heading = isOne ? at : undefined;
    at++;
  }
  return placed;
}

/** Where the last block of lines without an empty line starts. */
function blockBegin(lines: readonly string[]): number {
  return lines.findLastIndex((line) => isBlank(line)) + 1;
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.split(/(?<=\n)/);
}

function isComment(line: string | undefined): boolean {
  return line?.startsWith('#') === true;
}

function isBlank(line: string | undefined): boolean {
  return line !== undefined && /^\r?\n?$/.test(line);
}

function commentOf(line: string): string {
  return line.replace(/^#+/, '').trim();
}

/** One line, without characters that could change the reading direction of a page. */
function cleanComment(comment: string): string {
  const line = comment.toWellFormed().replace(/[\s\p{Cc}\u202a-\u202e\u2066-\u2069]+/gu, ' ');
  return Array.from(line.trim()).slice(0, maxComment).join('').trim();
}
