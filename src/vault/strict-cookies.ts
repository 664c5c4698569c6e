// Parses a `Cookie` header's value strictly: refuses anything that could split a header, smuggle in a second one or is not a cookie (RFC
// 6265, sections 4.1.1, 4.2.1).
import type { PasteRefusal } from '../../views/vault-words.ts';
import { type Cookie, headerOf } from './entry.ts';

/** Common servers reject larger headers. */
export const maxHeaderBytes = 8192;

const attributes = new Set([
  'path',
  'domain',
  'expires',
  'max-age',
  'secure',
  'httponly',
  'samesite',
  'partitioned',
  'priority',
]);
const tokenPattern = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

/** `text`: `a=1; b=2`, with or without a leading `Cookie:` and a trailing semicolon. */
export function readCookieHeader(text: string): readonly Cookie[] | PasteRefusal {
  const refusal = refusedLetters(text);
  if (refusal) return refusal;
  const line = text.trim();
  if (/^set-cookie2?\s*:/i.test(line)) return { kind: 'set_cookie' };
  const list = line
    .replace(/^cookie\s*:/i, '')
    .trim()
    .replace(/;$/, '')
    .trim();
  if (list === '') return { kind: 'empty' };
  const cookies: Cookie[] = [];
  for (const [i, part] of list.split(';').entries()) {
    const at = part.indexOf('=');
    const name = part.slice(0, at < 0 ? undefined : at).trim();
    if (attributes.has(name.toLowerCase())) return { kind: 'attribute', position: i + 1 };
    if (at < 0) return { kind: 'no_equals', position: i + 1 };
    cookies.push({ name, value: part.slice(at + 1).trim() });
  }
  return checkCookies(cookies);
}

/** The same rules for cookies given one by one. */
export function checkCookies(cookies: readonly Cookie[]): readonly Cookie[] | PasteRefusal {
  const names = new Set<string>();
  for (const [i, { name, value }] of cookies.entries()) {
    const position = i + 1;
    if (!tokenPattern.test(name)) return { kind: 'bad_name', position };
    if (attributes.has(name.toLowerCase())) return { kind: 'attribute', position };
    // Accepts more than the RFC's octets: browsers send spaces, commas and quotes, and services depend on them.
    if (!/^[\x20-\x7e]*$/.test(value) || value.includes(';') || value !== value.trim())
      return { kind: 'bad_value', position };
    if (names.has(name)) return { kind: 'duplicate', position };
    names.add(name);
  }
  if (cookies.length === 0) return { kind: 'empty' };
  return headerOf(cookies).length > maxHeaderBytes ? { kind: 'too_big' } : cookies;
}

function refusedLetters(text: string): PasteRefusal | undefined {
  const line = withoutBlankEnds(text);
  if (/[\r\n\u2028\u2029\u0085]/.test(line)) return { kind: 'lines' };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\x00-\x1f\x7f-\x9f]/.test(line)) return { kind: 'control' };
  return /[^\x20-\x7e]/.test(line) ? { kind: 'foreign' } : undefined;
}

/** Not a regular expression: a pattern anchored at the end restarts at every blank, which takes minutes on a long run of blanks. */
function withoutBlankEnds(text: string): string {
  const isBlank = (at: number) => ' \t\r\n'.includes(text.charAt(at));
  let [from, to] = [0, text.length];
  while (from < to && isBlank(from)) from++;
  while (to > from && isBlank(to - 1)) to--;
  return text.slice(from, to);
}
