// Locates the values in a .env file: what dotenv reads, with lines and columns. Changes nothing.

export interface Line {
  text: string;
  /** `\r\n`, `\n`, `\r`, or empty for a last line without one. */
  end: string;
}

export interface Entry {
  readonly name: string;
  readonly exported: boolean;
  readonly line: number;
  /** The line on which the value ends. */
  readonly lastLine: number;
  /** Columns of the value including its quotes; if it is empty, of the position where it would go. */
  readonly from: number;
  readonly to: number;
  /** The value including its quotes. */
  readonly raw: string;
}

// dotenv's own pattern (18.0.10), with its separator captured: a different pattern would see other values than the app does.
const entryPattern =
  /(?:^|^)\s*(export\s+)?([\w.-]+)(\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?(?:$|$)/dgm;

/** The lines with their endings; joined, they equal `text` exactly. */
export function splitLines(text: string): Line[] {
  return [...text.matchAll(/([^\r\n]*)(\r\n|\n|\r|$)/g)]
    .map(([, content = '', end = '']) => ({ text: content, end }))
    .filter(({ text: content, end }) => content !== '' || end !== '');
}

/** What dotenv reads from the lines, in order, with the positions of the values. */
export function findEntries(lines: readonly Line[]): Entry[] {
  const starts: number[] = [];
  let plain = '';
  for (const { text, end } of lines) {
    starts.push(plain.length);
    plain += text + (end && '\n');
  }
  const lineAt = (offset: number) => starts.findLastIndex((start) => start <= offset);
  return [...plain.matchAll(entryPattern)].map((match) => {
    const [, exported, name = '', , value = ''] = match;
    const [nameAt = 0] = match.indices?.[2] ?? [];
    const [, separatorEnd = 0] = match.indices?.[3] ?? [];
    const raw = value.trim();
    const from = raw ? separatorEnd + value.indexOf(raw) : separatorEnd;
    const line = lineAt(nameAt);
    const start = starts[line] ?? 0;
    const lastLine = lineAt(from + raw.length);
    return {
      name,
      exported: Boolean(exported),
      line,
      lastLine,
      from: from - start,
      to: from + raw.length - start,
      raw,
    };
  });
}
