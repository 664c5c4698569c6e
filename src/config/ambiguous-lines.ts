// Lines of a `.env` file that this program, Docker Compose and a shell would read differently, or that look like a mistake.
// Reports them by line number instead of guessing, and never repeats a value. Pure.

export type Ambiguity =
  | 'byte-order-mark'
  | 'carriage-return'
  | 'control-character'
  | 'twice'
  | 'open-quote'
  | 'behind-quote'
  | 'cut'
  | 'quote-inside'
  | 'spaces'
  | 'around-sign'
  | 'dollar'
  | 'backslash'
  | 'backtick'
  | 'shell-sign'
  | 'name'
  | 'no-assignment';

export interface AmbiguousLine {
  /** Counted from 1. */
  readonly line: number;
  /** The variable's name; absent if there is none, or if it might be a secret pasted in the wrong place. */
  readonly name?: string;
  readonly kind: Ambiguity;
  /** The line that sets the same name earlier. */
  readonly first?: number;
}

const words: Readonly<Record<Ambiguity, string>> = {
  'byte-order-mark': 'starts with a byte-order mark; save the file as UTF-8 without one',
  'carriage-return':
    "ends with a carriage return, which a shell reads as part of the value; save the file with LF line endings (sed -i 's/\\r$//' .env)",
  'control-character': 'contains a control character or an invisible one; type the line again',
  twice: 'is set more than once in the file; keep one of them',
  'open-quote': 'has a quote that is not closed on its line; close it, or remove it',
  'behind-quote': 'has text after its closing quote; put the whole value into one pair of quotes',
  cut: "has a `#` at which some readers cut the value; put the value in 'single quotes', or the comment on a line of its own",
  'quote-inside':
    "has a quote inside its value; put the value in quotes of the other kind, or in 'single quotes'",
  spaces: "has a space in its value, where a shell ends the value; put the value in 'single quotes'",
  'around-sign': 'has a space before or after its `=`, or a colon instead of it; write NAME=value',
  dollar: "has a `$` that Compose and a shell replace; put the value in 'single quotes'",
  backslash: "has a backslash, which readers interpret differently; put the value in 'single quotes'",
  backtick: "has a backtick, which a shell runs as a command; put the value in 'single quotes'",
  'shell-sign': "has a character with a special meaning to a shell; put the value in 'single quotes'",
  name: 'has a name that a shell does not accept; use only letters, digits and _',
  'no-assignment': 'is neither NAME=value nor a comment; put a # before it, or remove it',
};

const assignment = /^[ \t]*(?:export[ \t]+)?([\w.-]+)([ \t]*(?:=|:(?=[ \t]|$))[ \t]*)(.*)$/s;
/** Never typed on purpose: control characters other than the tab, invisible ones, and bytes that were not UTF-8. */
const invisible = /(?!\t)\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}|[\u00a0\ufffd]/u;
/** An assignment inside an open quote. Capital letters only: the end of base64 text looks like an assignment to a lower-case name. */
const swallowed = /^[ \t]*(?:export[ \t]+)?[A-Z][A-Z\d_]*=/;

/** Everything ambiguous in the text of a `.env` file, in the order of its lines. */
export function findAmbiguousLines(text: string): AmbiguousLine[] {
  const found: AmbiguousLine[] = [];
  const firstLines = new Map<string, number>();
  if (text.startsWith('\uFEFF')) found.push({ line: 1, kind: 'byte-order-mark' });
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  const returned = lines.findIndex((line) => line.includes('\r'));
  if (returned >= 0) found.push({ line: returned + 1, kind: 'carriage-return' });
  for (let index = 0; index < lines.length; index++) {
    const line = (lines[index] ?? '').replace(/\r$/, '');
    if (/^[ \t]*(?:#|$)/.test(line)) continue;
    const [, written, sign = '', rest = ''] = assignment.exec(line) ?? [];
    const name = nameToShow(written);
    const add = (kind: Ambiguity, first?: number) =>
      found.push({ line: index + 1, kind, ...(name && { name }), ...(first && { first }) });
    if (invisible.test(line)) add('control-character');
    if (written === undefined) {
      add('no-assignment');
      continue;
    }
    const first = firstLines.get(written);
    if (first === undefined) firstLines.set(written, index + 1);
    else add('twice', first);
    if (!/^[A-Za-z_]\w*$/.test(written)) add('name');
    if (sign !== '=' && !(sign.startsWith('=') && rest === '')) add('around-sign');
    const lastIndex = /^["']/.test(rest) ? endOfQuoted(lines, index, rest) : index;
    const kind = lastIndex > index ? undefined : ambiguityOf(rest);
    if (kind) add(kind);
    index = lastIndex;
  }
  return found.sort((a, b) => a.line - b.line);
}

/** The ambiguous lines as problems that name the file and the line (`.env:3`). */
export function ambiguityProblems(file: string, text: string): { name: string; message: string }[] {
  return findAmbiguousLines(text).map(({ line, name, kind, first }) => ({
    name: `${file}:${line}`,
    message: `${name ? `${name} ` : ''}${words[kind]}${first ? ` (it is also on line ${first})` : ''}`,
  }));
}

/** The last line of a value that spans several lines; `index` if the value ends on its first line or is never closed. */
function endOfQuoted(lines: readonly string[], index: number, rest: string): number {
  const quote = rest.slice(0, 1);
  if (rest.includes(quote, 1)) return index;
  for (let at = index + 1; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (swallowed.test(line)) return index;
    if (!line.includes(quote)) continue;
    const isEnd = line.trimEnd().indexOf(quote) === line.trimEnd().length - 1;
    const inside = [rest.slice(1), ...lines.slice(index + 1, at + 1)].join('\n');
    return isEnd && !/\\['"]/.test(inside) && !(quote === '"' && ambiguityInDoubleQuotes(inside))
      ? at
      : index;
  }
  return index;
}

/** Why a value on one line is ambiguous; `rest` is the text after the `=`. */
function ambiguityOf(rest: string): Ambiguity | undefined {
  const quote = rest.slice(0, 1);
  if (quote === '`') return 'backtick';
  if (quote === '"' || quote === "'") {
    const end = rest.indexOf(quote, 1);
    if (end < 0) return 'open-quote';
    const inside = rest.slice(1, end);
    if (inside.endsWith('\\')) return 'backslash';
    if (!/^[ \t]*(?:[ \t]#.*)?$/.test(rest.slice(end + 1))) return 'behind-quote';
    return quote === '"' ? ambiguityInDoubleQuotes(inside) : undefined;
  }
  const value = rest.trimEnd();
  // After an empty value, Compose reads the comment as the value.
  if (value.includes('#')) return 'cut';
  if (/["']/.test(value)) return 'quote-inside';
  return ambiguityInDoubleQuotes(value) ?? ambiguityOfBareValue(value);
}

function ambiguityInDoubleQuotes(value: string): Ambiguity | undefined {
  if (value.includes('$')) return 'dollar';
  if (value.includes('\\')) return 'backslash';
  return value.includes('`') ? 'backtick' : undefined;
}

function ambiguityOfBareValue(value: string): Ambiguity | undefined {
  if (/[;&|<>()]|^~|[:=]~/.test(value)) return 'shell-sign';
  return /[ \t]/.test(value) ? 'spaces' : undefined;
}

/** Shows only what looks like the name of a setting: a secret pasted in the wrong place must not reach a log. */
function nameToShow(name: string | undefined): string | undefined {
  return name !== undefined && /^[A-Z][A-Z\d_]{1,60}$/.test(name) && /[A-Z]{2}/.test(name) ? name : undefined;
}
