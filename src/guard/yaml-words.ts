// Says in plain words why a line is not valid YAML.
import type { ErrorCode } from 'yaml';

const words: Readonly<Partial<Record<ErrorCode, string>>> = {
  TAB_AS_INDENT: 'Indent with spaces: YAML does not allow tabs there.',
  BLOCK_AS_IMPLICIT_KEY: 'There is a second `: ` in this line. Put a value that contains one in quotes.',
  BAD_SCALAR_START: 'A value cannot begin with this character unless it is in quotes.',
  BAD_ALIAS: 'A value cannot begin with `*` unless it is in quotes.',
  MULTILINE_IMPLICIT_KEY: 'A key must stand on one line, with a `:` after it.',
  KEY_OVER_1024_CHARS: 'A key must stand on one line, with a `:` after it.',
};

/** @param message of the parser, for what has no better words */
export function yamlWords(code: ErrorCode, message: string): string {
  if (message === 'All mapping items must start at the same column') {
    return 'The indentation of this line does not match the lines above it.';
  }
  if (message === 'Implicit map keys need to be followed by map values')
    return 'There is a `:` missing in this line.';
  if (message.startsWith('Missing closing')) return 'A quotation mark in this line or above is not closed.';
  if (/must be sufficiently indented and end with/.test(message)) {
    return `A bracket is not closed before this line: \`${message.at(-1)}\` is missing.`;
  }
  return words[code] ?? `This is not valid YAML: ${message.replace(/\.?$/, '.')}`;
}
