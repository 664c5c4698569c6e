// Parses text copied from a browser, in any supported form: returns its cookies for one host, or why they are refused.
import type { PasteRefusal } from '../../views/vault-words.ts';
import { type Exported, isExport, readExport } from './browser-export.ts';
import { cookiesOfCurl, isCurl } from './curl.ts';
import { checkCookies, readCookieHeader } from './strict-cookies.ts';

const maxBytes = 256 * 1024;

/**
 * @param text a `Cookie` line, "copy as cURL" (bash or cmd), or a browser's export as JSON
 * @param target the service's address: cookies for another host are left out or refused
 */
export function readPaste(text: string, target: URL, now: number): Exported | PasteRefusal {
  if (Buffer.byteLength(text) > maxBytes) return { kind: 'too_much' };
  if (text.trim() === '') return { kind: 'empty' };
  if (isExport(text)) {
    const found = readExport(text, target, now);
    if ('kind' in found) return found;
    const checked = checkCookies(found.cookies);
    return 'kind' in checked ? checked : found;
  }
  const copied = isCurl(text) ? cookiesOfCurl(text, target.host) : { header: text };
  if ('kind' in copied) return copied;
  const cookies = readCookieHeader(copied.header);
  return 'kind' in cookies ? cookies : { cookies, expiresAt: undefined, leftOut: 0 };
}
