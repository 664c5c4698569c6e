// The header that says whether a file is displayed or saved, and under which name. The name is made safe first.
import { safeName } from '../export/file-names.ts';

/** RFC 6266: an ASCII name for old clients, the full one in UTF-8 (RFC 8187). */
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
