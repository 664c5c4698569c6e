// File names that every system accepts (Windows, macOS, Linux), made from titles that anybody may have written; and the header that names a file.
import { createHash } from 'node:crypto';
import type { TreeEntry } from '../contract.ts';

/** Bytes of UTF-8 without the extension: file systems allow 255, Windows 260 for the whole path. */
const byteLimit = 96;
/** Device names on Windows, with any extension (Microsoft, "Naming files, paths and namespaces"). */
const device = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:[ .]|$)/i;

/** A name without path separators, extension, leading dot or bidirectional controls; never empty. */
export function safeName(title: string): string {
  const plain = title
    .toWellFormed()
    .normalize('NFC')
    // Control characters, bidirectional marks, private and unassigned characters; line separators.
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/[\p{Cf}\p{Cs}\p{Co}\p{Cn}\ufffd]/gu, '')
    .replace(/[<>:"/\\|?*%]/g, '-')
    .replace(/\s+/gu, ' ');
  const cut = trimEnds(cutBytes(trimEnds(plain), byteLimit));
  const name = cut === '' ? 'untitled' : cut;
  return device.test(name) ? `_${name}` : name;
}

/** The folder of a space. Personal spaces (`~hr`) lose a character of their key in a name: they must not share the folder of `hr`. */
export function folderName(key: string): string {
  const name = safeName(key);
  if (name === key) return name;
  return `${name}-${createHash('sha256').update(key).digest('hex').slice(0, 8)}`;
}

/** Not hidden, not a command-line option, no ending that Windows would drop. */
function trimEnds(name: string): string {
  return name.replace(/^[\s.~-]+/u, '').replace(/[\s.]+$/u, '');
}

function cutBytes(text: string, most: number): string {
  let [cut, bytes] = ['', 0];
  for (const { segment } of new Intl.Segmenter('en').segment(text.slice(0, most * 2))) {
    bytes += Buffer.byteLength(segment);
    if (bytes > most) break;
    cut += segment;
  }
  // A single grapheme can be longer than the whole name may be.
  return cut || Array.from(text.slice(0, 8)).join('').toWellFormed().replaceAll('\ufffd', '');
}

/** One name per page of a space, in order; names that some system would treat as equal get a number. */
export function namesOf(tree: readonly Pick<TreeEntry, 'id' | 'title'>[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set(['index', 'files']);
  const next = new Map<string, number>();
  for (const { id, title } of tree) {
    const wanted = safeName(title);
    let name = wanted;
    for (let count = next.get(foldName(wanted)) ?? 2; taken.has(foldName(name)); count++) {
      name = `${wanted} (${count})`;
      next.set(foldName(wanted), count + 1);
    }
    taken.add(foldName(name));
    names.set(id, name);
  }
  return names;
}

/** Equal for names that a case-insensitive system, or one with another normalisation form, treats as the same. */
export function foldName(name: string): string {
  return name.normalize('NFKD').toUpperCase().toLowerCase().normalize('NFKC');
}

/**
 * The `Content-Disposition` header: whether a file is displayed or saved, and under which name, which is made safe first. RFC 6266: an
 * ASCII name for old clients, the full one in UTF-8 (RFC 8187).
 */
export function disposition(kind: 'inline' | 'attachment', title: string): string {
  const dot = title.lastIndexOf('.');
  const ending =
    dot > 0
      ? title
          .slice(dot + 1)
          .replace(/[^\p{L}\p{N}]/gu, '')
          .slice(0, 10)
      : '';
  const stem = safeName(dot > 0 ? title.slice(0, dot) : title);
  const name = ending === '' ? stem : `${stem}.${ending.toWellFormed()}`;
  const plain = name.replace(/[^\w .()-]/g, '_');
  const coded = encodeURIComponent(name).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${kind}; filename="${plain}"; filename*=UTF-8''${coded}`;
}
