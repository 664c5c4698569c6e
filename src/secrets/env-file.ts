// Reads and edits the text of a .env file. In the result, dotenv reads different values only for the edited keys.
import { parse as parseDotenv } from 'dotenv';
import { type Entry, findEntries, type Line, splitLines } from './env-lines.ts';

export interface Edit {
  readonly name: string;
  readonly value: string;
  /** If `name` is not in the file yet: the key to insert it after. */
  readonly after?: string;
}

export interface EnvFault {
  /** Counted from 1. */
  readonly line: number;
  readonly name: string;
  readonly reason:
    | 'byte-order-mark'
    | 'duplicate'
    | 'unclosed-quote'
    | 'multi-line'
    | 'hidden-in-multi-line'
    | 'not-quotable'
    | 'not-editable';
}

export type EditResult = { readonly text: string } | { readonly faults: readonly EnvFault[] };

/** The values as the app reads them. */
export function parseEnv(text: string): Readonly<Record<string, string>> {
  return parseDotenv(text);
}

/**
 * Applies `edits` to `text` in place: comments, order, quotes, `export`, line endings and the end of the file are kept.
 * @returns every reason, with its line, why that cannot be done without changing anything else.
 */
export function editEnv(text: string, edits: readonly Edit[]): EditResult {
  if (edits.length === 0) return { text };
  if (text.startsWith('\uFEFF')) return { faults: [{ line: 1, name: '', reason: 'byte-order-mark' }] };
  const lines = splitLines(text);
  const entries = findEntries(lines);
  const faults = edits.flatMap(({ name }) => findFaults(name, lines, entries));
  const added: { readonly edit: Edit; readonly at: number }[] = [];
  for (const edit of edits) {
    const entry = entries.find(({ name }) => name === edit.name);
    if (!entry) added.push({ edit, at: placeFor(edit, lines, entries) });
    else if (!replaceValue(lines, entry, edit.value)) {
      faults.push({ line: entry.line + 1, name: edit.name, reason: 'not-quotable' });
    }
  }
  const eol = lines.find(({ end }) => end !== '')?.end ?? '\n';
  // From the last position upwards, and at the same position the last edit first, so that no edit shifts the index of another.
  for (const { edit, at } of added.reverse().sort((a, b) => b.at - a.at)) {
    if (!insertLine(lines, at, edit, entries, eol))
      faults.push({ line: at + 1, name: edit.name, reason: 'not-quotable' });
  }
  if (faults.length > 0) return { faults };
  const result = lines.map((line) => line.text + line.end).join('');
  const wrong = firstDifference({ ...parseDotenv(text), ...valuesOf(edits) }, parseDotenv(result));
  if (wrong === undefined) return { text: result };
  return {
    faults: [
      {
        line: (entries.find(({ name }) => name === wrong)?.line ?? 0) + 1,
        name: wrong,
        reason: 'not-editable',
      },
    ],
  };
}

function valuesOf(edits: readonly Edit[]): Record<string, string> {
  return Object.fromEntries(edits.map(({ name, value }) => [name, value]));
}

function findFaults(name: string, lines: readonly Line[], entries: readonly Entry[]): EnvFault[] {
  const own = entries.filter((entry) => entry.name === name);
  const fault = (line: number, reason: EnvFault['reason']): EnvFault => ({ line: line + 1, name, reason });
  if (own.length > 1) return own.map(({ line }) => fault(line, 'duplicate'));
  const [entry] = own;
  if (entry && entry.lastLine > entry.line) return [fault(entry.line, 'multi-line')];
  if (entry && /^['"`]/.test(entry.raw) && !/^(['"`]).*\1$/.test(entry.raw))
    return [fault(entry.line, 'unclosed-quote')];
  if (entry) return [];
  const inside = entries.flatMap(({ line, lastLine }) =>
    lines.slice(line + 1, lastLine + 1).map((_, i) => line + 1 + i),
  );
  return inside
    .filter((line) => /^\s*(?:export\s+)?([\w.-]+)\s*[=:]/.exec(lines[line]?.text ?? '')?.[1] === name)
    .map((line) => fault(line, 'hidden-in-multi-line'));
}

/** Replaces the entry's value with `value`; false if it cannot be written so that every reader agrees. */
function replaceValue(lines: readonly Line[], entry: Entry, value: string): boolean {
  const line = lines[entry.line];
  const written = quote(value, /^['"`]/.exec(entry.raw)?.[0]);
  if (!line || written === undefined) return false;
  const rest = line.text.slice(entry.to);
  line.text = line.text.slice(0, entry.from) + written + (rest.startsWith('#') ? ' ' : '') + rest;
  return true;
}

/** The index for a new line: below its commented-out default, else below its neighbour, else at the end. */
function placeFor({ name, after }: Edit, lines: readonly Line[], entries: readonly Entry[]): number {
  const commented = (text: string) => /^\s*#\s*([\w.-]+)=/.exec(text)?.[1] === name;
  const isInside = (index: number) => entries.some(({ line, lastLine }) => index >= line && index < lastLine);
  const below = lines.findLastIndex(({ text }, index) => commented(text) && !isInside(index));
  if (below >= 0) return below + 1;
  const neighbour = entries.findLast((entry) => entry.name === after);
  return neighbour ? neighbour.lastLine + 1 : lines.length;
}

function insertLine(
  lines: Line[],
  at: number,
  { name, value }: Edit,
  entries: readonly Entry[],
  eol: string,
): boolean {
  const written = quote(value, undefined);
  if (written === undefined) return false;
  const prefix = entries.length > 0 && entries.every(({ exported }) => exported) ? 'export ' : '';
  const before = lines[at - 1];
  const line = { text: `${prefix}${name}=${written}`, end: before?.end === '' ? '' : eol };
  if (before?.end === '') before.end = eol;
  lines.splice(at, 0, line);
  return true;
}

/** `value` as it has to be written; undefined if dotenv, Docker Compose and a shell would not all read it back. */
function quote(value: string, present: string | undefined): string | undefined {
  if (/[\r\n\0]/.test(value)) return undefined;
  if (present === undefined && /^[\w.,:@%+/=~-]*$/.test(value)) return value;
  const fits = (mark: string) => !value.includes(mark) && !(mark === '"' && /[\\$`]/.test(value));
  const mark = [present, "'", '"'].find((candidate) => candidate !== undefined && fits(candidate));
  return mark === undefined ? undefined : mark + value + mark;
}

/** The first key whose value is not as expected; undefined if all are. */
function firstDifference(
  expected: Record<string, string>,
  actual: Record<string, string>,
): string | undefined {
  return [...new Set([...Object.keys(expected), ...Object.keys(actual)])].find(
    (key) => expected[key] !== actual[key],
  );
}
