// Reads a browser's "Copy as cURL" for bash and for cmd: takes the cookies, and only if the request goes to the host they are meant for.
import type { PasteRefusal } from '../../views/vault-words.ts';
import { bashWords, cmdWords } from './shell-words.ts';

/** The curl options that take an argument, as far as browsers use them. */
const withValue = new Set([
  ...['-X', '--request', '-A', '--user-agent', '-e', '--referer', '-d', '--data', '--data-raw'],
  ...['--data-binary', '--data-ascii', '--data-urlencode', '-F', '--form', '-u', '--user', '-o', '--output'],
  ...['-m', '--max-time', '--connect-timeout', '-x', '--proxy', '--resolve', '--cacert', '-E', '--cert'],
]);

export function isCurl(text: string): boolean {
  return /^\s*curl(?:\.exe)?\s/i.test(text);
}

/** @returns the text of the command's `Cookie` header */
export function cookiesOfCurl(text: string, host: string): { readonly header: string } | PasteRefusal {
  const words = splitWords(text.trim());
  if (words === 'quotes') return { kind: 'curl_quotes' };
  if (words === 'shell') return { kind: 'curl_shell' };
  const headers: string[] = [];
  const urls: string[] = [];
  for (let i = 1; i < words.length; i++) {
    const word = words[i] ?? '';
    const [, short, attached] = /^(-[HbX])(.+)$/s.exec(word) ?? [];
    const option = short ?? word;
    const value = () => attached ?? words[++i] ?? '';
    if (option === '-H' || option === '--header') {
      const [, cookies] = /^cookie\s*:(.*)$/is.exec(value()) ?? [];
      if (cookies !== undefined) headers.push(cookies);
    } else if (option === '-b' || option === '--cookie') headers.push(value());
    else if (option === '--url') urls.push(value());
    else if (withValue.has(option)) value();
    else if (!word.startsWith('-')) urls.push(word);
  }
  if (headers.length > 1) return { kind: 'curl_two' };
  const [header] = headers;
  if (header === undefined) return { kind: 'curl_no_cookie' };
  if (!header.includes('=')) return { kind: 'curl_file' };
  if (urls.length !== 1) return { kind: urls.length === 0 ? 'curl_no_host' : 'curl_shell' };
  return hostOf(urls[0] ?? '') === host ? { header } : { kind: 'curl_other_host' };
}

/** The Windows variant is recognised by carets: before each quote, or at the ends of lines. */
function splitWords(text: string): ReturnType<typeof bashWords> {
  return /\^"|\^\r?\n/.test(text) && !/^\s*curl\s+\$?'/.test(text) ? cmdWords(text) : bashWords(text);
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}
