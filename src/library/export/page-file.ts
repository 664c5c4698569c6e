// One page as a file: self-contained HTML, or Markdown with its pictures.
import { readFileSync, statSync } from 'node:fs';
import { exact } from '../../../views/format.ts';
import { escapeHtml } from '../../../views/html.ts';
import type { Attachment, LibraryPages, Page } from '../contract.ts';
import { safeAddress } from '../render/addresses.ts';
import type { Links } from '../render/context.ts';
import { fileDocument, type PageStyle } from '../render/document.ts';
import { markdownOf } from '../render/markdown.ts';
import { addressOf } from '../render/markdown-inline.ts';
import { cleanPage, renderPage } from '../render/render.ts';
import { isShownMedia } from '../render/resources.ts';
import { safeName } from './file-names.ts';

export interface PageFileOptions {
  readonly pages: LibraryPages;
  readonly url: string | undefined;
  /** The path to another page of the same export; undefined: only at Confluence. */
  readonly beside: (id: string) => string | undefined;
}

/** All pictures of one file together; beyond this they are only named. */
const picturesLimit = 48 * 1024 * 1024;

export function htmlFile(page: Page, options: PageFileOptions & { readonly style: PageStyle }): string {
  const body = renderPage(page, { ...options, links: linksOf(page, options) });
  let left = picturesLimit;
  const whole = body.replace(
    /<img src="\/library\/attachments\/([\w%.~-]+)"([^>]*)>/g,
    (_tag, id: string, rest: string) => {
      const bytes = pictureBytes(options.pages.attachment(decodeURIComponent(id)), left);
      if (!bytes) return '<span class="quiet">A picture that is too large for this file, or gone.</span>';
      left -= bytes.data.length;
      return `<img src="data:${bytes.mediaType};base64,${bytes.data.toString('base64')}"${rest}>`;
    },
  );
  const facts = [page.space, `version ${page.version}`, `fetched ${exact(page.fetchedAt)}`].join(' · ');
  return fileDocument(
    { title: page.title, facts, url: safeAddress(page.url, undefined) },
    whole,
    options.style,
  );
}

export interface MarkdownFile {
  readonly text: string;
  /** To be written into `files` next to it. */
  readonly pictures: readonly { readonly name: string; readonly data: Buffer }[];
}

const endings: Readonly<Record<string, string>> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'image/avif': 'avif',
};

/** @returns undefined if it would be too large */
export function markdownFile(page: Page, options: PageFileOptions): MarkdownFile | undefined {
  const pictures = new Map<string, Buffer>();
  let left = picturesLimit;
  const nodes = cleanPage(page, { ...options, links: linksOf(page, options) });
  const text = markdownOf(page.title, nodes, (src) => {
    const file = options.pages.attachment(decodeURIComponent(src.slice(src.lastIndexOf('/') + 1)));
    if (!file) return undefined;
    // The id distinguishes pictures with the same name.
    const name = `${safeName(`${file.id} ${file.title.replace(/\.\w{1,5}$/, '')}`)}.${endings[file.mediaType.toLowerCase()]}`;
    const path = `files/${encodeURIComponent(name)}`;
    // A page can refer to one picture thousands of times.
    if (pictures.has(name)) return path;
    const bytes = pictureBytes(file, left);
    if (!bytes) return undefined;
    left -= bytes.data.length;
    pictures.set(name, bytes.data);
    return path;
  });
  if (text === undefined) return undefined;
  const source = safeAddress(page.url, undefined);
  const foot = `---\n\n${page.space.replace(/[^\w ~-]/g, '')}, version ${page.version}, fetched ${exact(page.fetchedAt)}${source ? `: [the original](<${addressOf(source)}>)` : ''}\n`;
  return { text: `${text}\n${foot}`, pictures: [...pictures].map(([name, data]) => ({ name, data })) };
}

function linksOf(page: Page, { beside }: PageFileOptions): Links {
  const original = safeAddress(page.url, undefined);
  return {
    page: ({ id }) => {
      const name = beside(id);
      return name === undefined ? undefined : `./${encodeURIComponent(name)}`;
    },
    attachment: () => original,
  };
}

function pictureBytes(
  file: Attachment | undefined,
  most: number,
): { mediaType: string; data: Buffer } | undefined {
  if (!file || !isShownMedia(file.mediaType)) return undefined;
  try {
    if (statSync(file.path).size > most) return undefined;
    return { mediaType: file.mediaType.toLowerCase(), data: readFileSync(file.path) };
  } catch {
    return undefined;
  }
}

/** The pages of a space's export, as a list of links. */
export function indexFile(
  space: { readonly key: string; readonly name: string },
  entries: readonly { readonly title: string; readonly depth: number; readonly name: string }[],
  { style, fetchedAt }: { readonly style: PageStyle; readonly fetchedAt: number },
): string {
  const items = entries.map(
    ({ title, depth, name }) =>
      `<li class="level-${Math.min(6, depth + 1)}"><a href="./${encodeURIComponent(name)}">${escapeHtml(title || 'Untitled')}</a></li>`,
  );
  const facts = `${space.key} · ${entries.length} pages · fetched ${exact(fetchedAt)}`;
  const body = `<div class="toc"><ul>${items.join('')}</ul></div>`;
  return fileDocument({ title: space.name || space.key, facts, url: undefined }, body, style);
}
