// Lines of a `.env` file that its readers (this program, Docker Compose, a shell that sources it) would take for different things,
// or that hide a slip. They are refused by number, not guessed; no value is ever repeated. Pure.

export type Unclear =
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

export interface UnclearLine {
  /** Counted from 1. */
  readonly line: number;
  /** Of the variable; absent where there is none, or where it could be a value in the wrong place. */
  readonly name?: string;
  readonly kind: Unclear;
  /** The line on which the name stands first. */
  readonly first?: number;
}

const words: Readonly<Record<Unclear, string>> = {
  'byte-order-mark': 'begins with a byte-order mark; save the file as UTF-8 without one',
  'carriage-return':
    "ends with a carriage return, which a shell takes for a part of the value; save the file with LF line ends (sed -i 's/\\r$//' .env)",
  'control-character': 'holds a control character or an invisible one; type the line anew',
  twice: 'stands in the file more than once; keep one of them',
  'open-quote': 'has a quote that is not closed on its line; close it, or take it away',
  'behind-quote': 'has text behind its closing quote; put all of the value into one pair of quotes',
  cut: "has a `#` at which some readers cut the value; put the value in 'single quotes', or the comment on a line of its own",
  'quote-inside':
    "has a quote inside its value; put the value in quotes of the other kind, or in 'single quotes'",
  spaces: "has a space in its value, which a shell does not take; put the value in 'single quotes'",
  'around-sign': 'has a space before or behind its `=`, or a colon in its place; write NAME=value',
  dollar: "has a `$` that Compose and a shell replace; put the value in 'single quotes'",
  backslash: "has a backslash that is read in different ways; put the value in 'single quotes'",
  backtick: "has a backtick, which a shell runs as a command; put the value in 'single quotes'",
  'shell-sign': "has a sign that a shell takes for itself; put the value in 'single quotes'",
  name: 'has a name that a shell does not take; use letters, digits and _ alone',
  'no-assignment': 'is neither NAME=value nor a comment; put a # before it, or take it away',
};

const assignment = /^[ \t]*(?:export[ \t]+)?([\w.-]+)([ \t]*(?:=|:(?=[ \t]|$))[ \t]*)(.*)$/s;
/** What only a slip brings into one line: C0 and C1 without the tab, what no editor shows, and what was no UTF-8. */
const unseen = /(?!\t)\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}|[\u00a0\ufffd]/u;
/** An assignment to a variable as settings are named; the end of base64 looks like one to a variable in small letters. */
const swallowed = /^[ \t]*(?:export[ \t]+)?[A-Z][A-Z\d_]*=/;

/** What is unclear in the text of a `.env` file, in the order of its lines. */
export function findUnclear(text: string): UnclearLine[] {
  const found: UnclearLine[] = [];
  const firstLines = new Map<string, number>();
  if (text.startsWith('\uFEFF')) found.push({ line: 1, kind: 'byte-order-mark' });
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  const returned = lines.findIndex((line) => line.includes('\r'));
  if (returned >= 0) found.push({ line: returned + 1, kind: 'carriage-return' });
  for (let index = 0; index < lines.length; index++) {
    const line = (lines[index] ?? '').replace(/\r$/, '');
    if (/^[ \t]*(?:#|$)/.test(line)) continue;
    const [, written, sign = '', rest = ''] = assignment.exec(line) ?? [];
    const name = shown(written);
    const add = (kind: Unclear, first?: number) =>
      found.push({ line: index + 1, kind, ...(name && { name }), ...(first && { first }) });
    if (unseen.test(line)) add('control-character');
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
    const kind = lastIndex > index ? undefined : unclearValue(rest);
    if (kind) add(kind);
    index = lastIndex;
  }
  return found.sort((a, b) => a.line - b.line);
}

/** As a problem of that file: `.env:3`, and what is wrong. */
export function unclearProblems(file: string, text: string): { name: string; message: string }[] {
  return findUnclear(text).map(({ line, name, kind, first }) => ({
    name: `${file}:${line}`,
    message: `${name ? `${name} ` : ''}${words[kind]}${first ? ` (it is on line ${first} too)` : ''}`,
  }));
}

/** The last line of a value that runs over several; `index` where it ends on its own line, or never does. */
function endOfQuoted(lines: readonly string[], index: number, rest: string): number {
  const quote = rest.slice(0, 1);
  if (rest.includes(quote, 1)) return index;
  for (let at = index + 1; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (swallowed.test(line)) return index;
    if (!line.includes(quote)) continue;
    const isEnd = line.trimEnd().indexOf(quote) === line.trimEnd().length - 1;
    const inside = [rest.slice(1), ...lines.slice(index + 1, at + 1)].join('\n');
    return isEnd && !/\\['"]/.test(inside) && !(quote === '"' && unclearInDouble(inside)) ? at : index;
  }
  return index;
}

/** Why readers would differ about a value on one line, `rest` being what stands behind the `=`. */
function unclearValue(rest: string): Unclear | undefined {
  const quote = rest.slice(0, 1);
  if (quote === '`') return 'backtick';
  if (quote === '"' || quote === "'") {
    const end = rest.indexOf(quote, 1);
    if (end < 0) return 'open-quote';
    const inside = rest.slice(1, end);
    if (inside.endsWith('\\')) return 'backslash';
    if (!/^[ \t]*(?:[ \t]#.*)?$/.test(rest.slice(end + 1))) return 'behind-quote';
    return quote === '"' ? unclearInDouble(inside) : undefined;
  }
  const value = rest.trimEnd();
  // Compose takes a comment behind an empty value for the value.
  if (value.includes('#')) return 'cut';
  if (/["']/.test(value)) return 'quote-inside';
  return unclearInDouble(value) ?? unclearBare(value);
}

function unclearInDouble(value: string): Unclear | undefined {
  if (value.includes('$')) return 'dollar';
  if (value.includes('\\')) return 'backslash';
  return value.includes('`') ? 'backtick' : undefined;
}

function unclearBare(value: string): Unclear | undefined {
  if (/[;&|<>()]|^~|[:=]~/.test(value)) return 'shell-sign';
  return /[ \t]/.test(value) ? 'spaces' : undefined;
}

/** A secret that was pasted in the wrong place must not stand in a log: only what looks like a setting's name is shown. */
function shown(name: string | undefined): string | undefined {
  return name !== undefined && /^[A-Z][A-Z\d_]{1,60}$/.test(name) && /[A-Z]{2}/.test(name) ? name : undefined;
}
