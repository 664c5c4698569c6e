// Splits a command into words as a shell would, without running a shell: only quotes and escapes are supported; anything that would do
// more is refused.

export type Words = readonly string[] | 'quotes' | 'shell';

const simpleEscapes: Record<string, string> = {
  n: '\n',
  r: '\r',
  t: '\t',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  v: '\v',
};

/** As bash does: '…', $'…', "…", backslashes, and a backslash at the end of a line. */
export function bashWords(text: string): Words {
  const words: string[] = [];
  let word: string | undefined;
  const add = (piece: string) => {
    word = (word ?? '') + piece;
  };
  for (let i = 0; i < text.length; ) {
    const rest = text.slice(i);
    const continued = /^\\\r?\n/.exec(rest);
    const blank = /^[ \t]+/.exec(rest);
    const single = /^'([^']*)'/.exec(rest);
    const ansi = /^\$'((?:[^'\\]|\\[\s\S])*)'/.exec(rest);
    const double = /^"((?:[^"\\]|\\[\s\S])*)"/.exec(rest);
    const plain = /^[^\s'"\\$`|&;<>()]+|^\\[^\r\n]/.exec(rest);
    if (continued) i += continued[0].length;
    else if (blank) {
      if (word !== undefined) words.push(word);
      word = undefined;
      i += blank[0].length;
    } else if (single) {
      add(single[1] ?? '');
      i += single[0].length;
    } else if (ansi) {
      add(unescapeAnsi(ansi[1] ?? ''));
      i += ansi[0].length;
    } else if (double) {
      const inside = double[1] ?? '';
      // The shell would expand a parameter or run a command here.
      if (/(?<!\\)(?:\\\\)*[$`]/.test(inside)) return 'shell';
      add(inside.replace(/\\\r?\n/g, '').replace(/\\([$`"\\])/g, '$1'));
      i += double[0].length;
    } else if (plain) {
      add(plain[0].startsWith('\\') ? plain[0].slice(1) : plain[0]);
      i += plain[0].length;
    } else return /^['"\\]|^\$'/.test(rest) ? 'quotes' : 'shell';
  }
  if (word !== undefined) words.push(word);
  return words;
}

function unescapeAnsi(text: string): string {
  return text.replace(
    /\\(?:x([\dA-Fa-f]{1,2})|u([\dA-Fa-f]{1,4})|U([\dA-Fa-f]{1,8})|([0-7]{1,3})|([\s\S]))/g,
    (_, hex?: string, short?: string, long?: string, octal?: string, letter?: string) => {
      const code = hex ?? short ?? long;
      if (code !== undefined) return letterOf(Number.parseInt(code, 16));
      if (octal !== undefined) return letterOf(Number.parseInt(octal, 8));
      return simpleEscapes[letter ?? ''] ?? letter ?? '';
    },
  );
}

function letterOf(code: number): string {
  return code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
}

/** As Windows does: first the carets of cmd.exe, then the quotes of the C runtime, which splits a program's arguments. */
export function cmdWords(text: string): Words {
  const line = withoutCarets(text);
  return typeof line === 'string' ? argumentsOf(line) : line.fault;
}

function withoutCarets(text: string): string | { fault: 'shell' } {
  let line = '';
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i] ?? '';
    if (letter === '"') isQuoted = !isQuoted;
    if (letter === '^' && !isQuoted) {
      // A caret at the end of a line joins it with the next one, and escapes that line's first character.
      const isEndOfLine = /^\r?\n/.exec(text.slice(i + 1));
      i += isEndOfLine ? isEndOfLine[0].length + 1 : 1;
      line += text[i] ?? '';
    } else if (!isQuoted && /[&|<>\r\n]/.test(letter)) return { fault: 'shell' };
    else line += letter;
  }
  return line;
}

function argumentsOf(line: string): Words {
  const words: string[] = [];
  let word: string | undefined;
  let isQuoted = false;
  const add = (piece: string) => {
    word = (word ?? '') + piece;
  };
  for (let i = 0; i < line.length; ) {
    const letter = line[i] ?? '';
    const pair = line.slice(i, i + 2);
    // Browsers double every backslash, although the C runtime requires that only before a quote: follow what the browsers mean.
    const isEscaped = pair === '\\\\' || pair === '\\"' || (isQuoted && pair === '""');
    if (isEscaped) add(pair.slice(1));
    else if (letter === '"') {
      isQuoted = !isQuoted;
      add('');
    } else if (isQuoted || !/[ \t]/.test(letter)) add(letter);
    else {
      if (word !== undefined) words.push(word);
      word = undefined;
    }
    i += isEscaped ? 2 : 1;
  }
  if (isQuoted) return 'quotes';
  if (word !== undefined) words.push(word);
  return words;
}
