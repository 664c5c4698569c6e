// Exports the audit log for other programs: JSON lines, or CSV whose cells no spreadsheet runs as formulas.
import type { Entry } from './entry.ts';
import type { RecordItem } from './reader.ts';
import type { PersonRef } from './recorder.ts';

const columns = [
  'seq',
  'at',
  'event',
  'outcome',
  'person',
  'by',
  'reason',
  'session',
  'network',
  'requestId',
  'facts',
] as const;

/** The first line of the CSV. */
export const csvHeader = `${columns.join(',')}\r\n`;

/** The exported fields of an entry; people by address, or by pseudonym if they are no longer known. */
export function exported({ seq, entry, who, by }: RecordItem): Record<string, unknown> {
  if (!entry) return { seq, unreadable: true };
  const { at, event, outcome, reason, session, network, requestId, facts } = entry;
  const person = nameOf(who) ?? entry.who;
  const doer = by === 'terminal' ? by : (nameOf(by) ?? entry.by);
  return {
    ...({ seq, at, event, outcome } satisfies Partial<Entry>),
    ...(person !== undefined && { person }),
    ...(doer !== undefined && { by: doer }),
    ...(reason !== undefined && { reason }),
    ...(session !== undefined && { session }),
    ...(network !== undefined && { network }),
    ...(requestId !== undefined && { requestId }),
    ...(facts !== undefined && { facts }),
  };
}

/** One line of JSON, without characters that some programs treat as line ends or that control a terminal. */
export function jsonLine(item: RecordItem): string {
  return `${JSON.stringify(exported(item)).replace(/[\u007f-\u009f\u2028\u2029]/g, hex)}\n`;
}

/** One line as in RFC 4180. */
export function csvLine(item: RecordItem): string {
  const row = exported(item);
  return `${columns.map((name) => cell(row[name])).join(',')}\r\n`;
}

function cell(value: unknown): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // Spreadsheets evaluate cells that start with these characters.
  const plain = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n']/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

function nameOf(person: PersonRef | undefined): string | undefined {
  return person?.email ?? person?.id;
}

function hex(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
