// A page's stored body as HTML that may be displayed in the frame or written to a file. Never throws, whatever is stored.

import type { LibraryPages, Page } from '../contract.ts';
import { safeAddress } from './addresses.ts';
import { clean } from './clean.ts';
import { dashboardLinks, type Links, link, quietBox, type RenderContext } from './context.ts';
import { markupOf } from './markup.ts';
import { outline } from './outline.ts';
import { parseStorage } from './parse.ts';
import { sanitise } from './sanitise.ts';
import type { Node } from './tree.ts';

export interface RenderOptions {
  readonly pages: LibraryPages;
  /** Confluence's address; undefined: none is configured. */
  readonly url: string | undefined;
  /** The dashboard's own if absent. */
  readonly links?: Links;
}

/** The clean tree of a page. */
export function cleanPage(page: Page, options: RenderOptions): Node[] {
  const context = sceneOf(page, options);
  const parsed = parseStorage(page.body);
  if (parsed.kind === 'tree') return outline(clean(parsed.nodes, context), page.title);
  return instead(context, parsed.kind === 'too-deep' ? 'is nested too deeply' : 'is too long');
}

function instead(context: RenderContext, why: string): Node[] {
  const original = link(context, safeAddress(context.page.url, undefined), ['Read it in Confluence']);
  return [quietBox([`This page ${why} to be shown here. `, original, '.'])];
}

/** What is displayed instead of a page that was not rendered. @param why completes "This page … to be shown here" */
export function notShown(page: Page, why: string, options: RenderOptions): string {
  return sanitise(markupOf(instead(sceneOf(page, options), why)));
}

/** The page's HTML, sanitised. Pictures are at `/library/attachments/<id>`. */
export function renderPage(page: Page, options: RenderOptions): string {
  return sanitise(markupOf(cleanPage(page, options)));
}

function sceneOf(page: Page, { pages, url, links = dashboardLinks }: RenderOptions): RenderContext {
  return { page, pages: remembering(pages), url, links, inLink: false, had: new Set(), clean };
}

/** Caches look-ups: a page can refer to the same pages and files thousands of times. Bodies are not cached. */
function remembering(pages: LibraryPages): LibraryPages {
  const light = (page: Page | undefined) => page && { ...page, body: '' };
  const byId = once((id: string) => light(pages.page(id)));
  const byTitle = once((key: string) => {
    const cut = key.indexOf('\n');
    return light(pages.pageByTitle(key.slice(0, cut), key.slice(cut + 1)));
  });
  return {
    ...pages,
    page: byId,
    pageByTitle: (space, title) => byTitle(`${space.replaceAll('\n', ' ')}\n${title}`),
    attachmentsOf: once(pages.attachmentsOf),
  };
}

function once<T>(read: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    if (!known.has(key)) known.set(key, read(key));
    return known.get(key) as T;
  };
}
