// Reads an allow-list exactly as oauth2-proxy does (7.15.3, validator.go: Go's csv reader with `,`, `#` and TrimLeadingSpace). This file
// alone decides whom a list admits.

export interface ListRecord {
  /** The first field, trimmed, in lower case: what oauth2-proxy compares an address with. May be anything. */
  readonly address: string;
  readonly fields: readonly string[];
  /** The lines that it occupies, counted from 0; `endLine` is the line after. */
  readonly line: number;
  readonly endLine: number;
}

/** One bad record makes oauth2-proxy ignore the whole file: it keeps the list it had, or starts with an empty one. */
export type Reading =
  | { readonly kind: 'records'; readonly records: readonly ListRecord[] }
  | { readonly kind: 'broken'; readonly line: number; readonly fault: 'quote' | 'columns' };

// unicode.IsSpace without the line feed: JavaScript's \s includes U+FEFF and lacks U+0085.
const space = String.raw`\t\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;
const leading = new RegExp(`[${space}]*`, 'y');
const around = new RegExp(String.raw`^[${space}\n]+|[${space}\n]+$`, 'g');
// Only a `#` in the first column starts a comment; a line of spaces is a record.
const skipped = /#[^\n]*(?:\n|$)|\n/y;
const quoted = /"([^"]*(?:""[^"]*)*)"(,|\n|$)/y;
const plain = /([^,\n]*)(,|\n|$)/y;

export function readList(text: string): Reading {
  const source = text.replaceAll('\r\n', '\n').replace(/\r$/, '');
  const records: ListRecord[] = [];
  let at = 0;
  let line = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(source) ?? undefined;
    at += match?.[0].length ?? 0;
    for (const char of match?.[0] ?? '') if (char === '\n') line++;
    return match;
  };
  while (at < source.length) {
    if (take(skipped)) continue;
    const begin = line;
    const fields: string[] = [];
    for (let end: string | undefined = ','; end === ','; ) {
      take(leading);
      const isQuoted = source[at] === '"';
      const field = take(isQuoted ? quoted : plain);
      if (!field || (!isQuoted && field[1]?.includes('"'))) return broken(begin, 'quote');
      fields.push(isQuoted ? (field[1] ?? '').replaceAll('""', '"') : (field[1] ?? ''));
      end = field[2];
    }
    if (records[0] && fields.length !== records[0].fields.length) return broken(begin, 'columns');
    // The last line may lack a line ending.
    const endLine = source[at - 1] === '\n' ? line : line + 1;
    records.push({ address: lowerCase((fields[0] ?? '').replace(around, '')), fields, line: begin, endLine });
  }
  return { kind: 'records', records };
}

function broken(line: number, fault: 'quote' | 'columns'): Reading {
  return { kind: 'broken', line: line + 1, fault };
}

/** strings.ToLower: each character by itself, one to one (JavaScript makes two characters of `İ`). */
function lowerCase(text: string): string {
  return Array.from(text, (char) => String.fromCodePoint(char.toLowerCase().codePointAt(0) ?? 0)).join('');
}
