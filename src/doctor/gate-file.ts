// Reads oauth2-proxy.cfg: the part of TOML that its settings need. What it cannot read it names, so that nothing is passed over.

export type GateValue = string | boolean | number | readonly string[];

export interface GateFile {
  /** By name, in small letters as oauth2-proxy compares them. */
  readonly values: ReadonlyMap<string, GateValue>;
  /** Lines, counted from 1, that could not be read. */
  readonly unread: readonly number[];
}

const blank = /(?:[ \t]|#[^\n]*)*/y;
const anySpace = /(?:[ \t\r\n]|#[^\n]*)*/y;
const key = /(?:[A-Za-z0-9_-]+|"[A-Za-z0-9_-]+"|'[A-Za-z0-9_-]+')[ \t]*=[ \t]*/y;
const longBasic = /"""(?:\r?\n)?((?:[^\\]|\\[\s\S])*?)"""/y;
const longLiteral = /'''(?:\r?\n)?([\s\S]*?)'''/y;
const basic = /"((?:[^"\\\r\n]|\\.)*)"/y;
const literal = /'([^'\r\n]*)'/y;
const word = /[A-Za-z0-9_+.:-]+/y;
const lineEnd = /(?:[ \t]|#[^\n]*)*(?:\r?\n|$)/y;

export function readGateFile(text: string): GateFile {
  const values = new Map<string, GateValue>();
  const unread: number[] = [];
  const source = text.replace(/^\uFEFF/, '');
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(source) ?? undefined;
    at += match?.[0].length ?? 0;
    return match;
  };

  function readText(): string | undefined {
    const plain = take(longLiteral) ?? (source.startsWith('"""', at) ? undefined : take(literal));
    if (plain) return plain[1];
    const escaped = take(longBasic) ?? take(basic);
    return escaped && resolveEscapes(escaped[1] ?? '');
  }

  function readList(): string[] | undefined {
    const items: string[] = [];
    at++;
    for (;;) {
      take(anySpace);
      if (source[at] === ']') {
        at++;
        return items;
      }
      const item = readText() ?? take(word)?.[0];
      if (item === undefined) return undefined;
      items.push(item);
      take(anySpace);
      if (source[at] === ',') at++;
      else if (source[at] !== ']') return undefined;
    }
  }

  function readValue(): GateValue | undefined {
    if (source[at] === '[') return readList();
    const quoted = readText();
    if (quoted !== undefined) return quoted;
    const bare = take(word)?.[0];
    if (bare === 'true' || bare === 'false') return bare === 'true';
    return bare !== undefined && /^[+-]?\d+(?:\.\d+)?$/.test(bare) ? Number(bare) : undefined;
  }

  while (at < source.length) {
    take(blank);
    if (take(lineEnd)) continue;
    const begin = at;
    const name = take(key)?.[0]
      .replace(/[ \t]*=[ \t]*$/, '')
      .replace(/^["']|["']$/g, '')
      .toLowerCase();
    const value = name === undefined ? undefined : readValue();
    if (name !== undefined && value !== undefined && !values.has(name) && take(lineEnd)) {
      values.set(name, value);
      continue;
    }
    unread.push(source.slice(0, begin).split('\n').length);
    const next = source.indexOf('\n', begin);
    at = next < 0 ? source.length : next + 1;
  }
  return { values, unread };
}

const escapes: Record<string, string> = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', e: '\x1b' };

function resolveEscapes(text: string): string {
  return text.replace(
    /\\(?:u([\da-fA-F]{4})|U([\da-fA-F]{8})|(\r?\n\s*)|(.))/g,
    (_all, short: string | undefined, long: string | undefined, fold: string | undefined, char: string) => {
      if (fold !== undefined) return '';
      const code = Number.parseInt(short ?? long ?? '', 16);
      if (Number.isNaN(code)) return escapes[char] ?? char;
      return code <= 0x10ffff ? String.fromCodePoint(code) : '';
    },
  );
}
