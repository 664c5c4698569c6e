// A page's stored body as HTML that may be shown in the frame, or written to a file. Never throws, whatever people stored.
import { safeAddress } from './addresses.ts';
import { clean } from './clean.ts';
import type { LibraryPages, Page } from './contract.ts';
import { markupOf } from './markup.ts';
import { outline } from './outline.ts';
import { parseStorage } from './parse.ts';
import { sanitise } from './sanitise.ts';
import { dashboardLinks, type Links, link, quietBox, type Scene } from './scene.ts';
import type { Node } from './tree.ts';

export interface RenderOptions {
  readonly pages: LibraryPages;
  /** Confluence's address; undefined: none is configured. */
  readonly url: string | undefined;
  /** The dashboard's own where absent. */
  readonly links?: Links;
}

/** The clean tree of a page. */
export function cleanPage(page: Page, { pages, url, links = dashboardLinks }: RenderOptions): Node[] {
  const scene: Scene = { page, pages: remembering(pages), url, links, inLink: false, had: new Set(), clean };
  const parsed = parseStorage(page.body);
  if (parsed.kind === 'tree') return outline(clean(parsed.nodes, scene), page.title);
  const why = parsed.kind === 'too-deep' ? 'nested too deeply' : 'too long';
  const original = link(scene, safeAddress(page.url, undefined), ['Read it in Confluence']);
  return [quietBox([`This page is ${why} to be shown here. `, original, '.'])];
}

/** Its HTML, sanitised. Pictures are at `/library/attachments/<id>`. */
export function renderPage(page: Page, options: RenderOptions): string {
  return sanitise(markupOf(cleanPage(page, options)));
}

/** A page can name the same files thousands of times. */
function remembering(pages: LibraryPages): LibraryPages {
  const files = new Map<string, ReturnType<LibraryPages['attachmentsOf']>>();
  return {
    ...pages,
    attachmentsOf(id) {
      const known = files.get(id) ?? pages.attachmentsOf(id);
      files.set(id, known);
      return known;
    },
  };
}
