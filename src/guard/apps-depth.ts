// Finds where a YAML file is nested so deeply that parsing it could end the process.
import { Lexer } from 'yaml';

const mostIndent = 100;
const mostBrackets = 50;
/** Levels that begin in one line: `- - - -`, `? ? ?`. */
const mostInLine = 8;

/**
 * The first line at which the nesting could be too deep for the parser: it is recursive, and where the stack ends inside a regular
 * expression, V8 ends the process. The lexer is not recursive.
 */
export function deepLine(text: string): number | undefined {
  let line = 1;
  let brackets = 0;
  let inLine = 0;
  let isBegin = true;
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') brackets++;
    else if (token === ']' || token === '}') brackets = Math.max(0, brackets - 1);
    else if (token === '-' || token === '?') inLine++;
    const isIndent = isBegin && /^[ \t]/.test(token);
    if (brackets > mostBrackets || inLine > mostInLine || (isIndent && token.length > mostIndent))
      return line;
    const breaks = token.split('\n').length - 1;
    isBegin = breaks > 0;
    if (breaks > 0) inLine = 0;
    line += breaks;
  }
  return undefined;
}
