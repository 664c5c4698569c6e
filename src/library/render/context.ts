// What rendering knows while it walks a page: the page itself, what is available on this machine, and how links are written.

import type { Attachment, LibraryPages, Page } from '../contract.ts';
import { safeAddress } from './addresses.ts';
import type { Element, Node } from './tree.ts';
import { element } from './tree.ts';

/** How the things that a page refers to are reached from where it is displayed. */
export interface Links {
  /** undefined: this page cannot be reached here, only at Confluence. */
  readonly page: (target: { readonly id: string }) => string | undefined;
  readonly attachment: (target: Attachment) => string | undefined;
}

export interface RenderContext {
  readonly page: Page;
  readonly pages: LibraryPages;
  /** Confluence's address. */
  readonly url: string | undefined;
  readonly links: Links;
  /** Browsers split nested links, so the inner ones stay text. */
  readonly inLink: boolean;
  /** Macros with large output that this page has already used: each is rendered once. */
  readonly had: Set<string>;
  readonly clean: (nodes: readonly Node[], context: RenderContext) => Node[];
}

/** Where pictures of the body are served; no other source is allowed. */
export const attachmentPath = (id: string) => `/library/attachments/${encodeURIComponent(id)}`;

/** Addresses within Gatehouse itself. */
export const dashboardLinks: Links = {
  page: ({ id }) => `/library/pages/${encodeURIComponent(id)}`,
  attachment: ({ id }) => attachmentPath(id),
};

/** A link; without an address, or inside another link, only its text. */
export function link(context: RenderContext, href: string | undefined, children: readonly Node[]): Node {
  const words = children.length > 0 ? children : [href ?? ''];
  if (href === undefined || context.inLink) return element('span', {}, words);
  if (href.startsWith('#')) return element('a', { href }, words);
  // From the frame, a library page opens in the whole window; anything external opens a new one.
  const target = /^(https?|mailto):/.test(href) ? '_blank' : '_top';
  return element('a', { href, rel: 'noopener noreferrer', target }, words);
}

/** A link to a page by title: to the library if it is there, else a muted link to Confluence. */
export function pageLink(
  context: RenderContext,
  target: {
    readonly page: Page | undefined;
    readonly original: string | undefined;
    readonly anchor?: string;
  },
  children: readonly Node[],
): Node {
  const here = target.page && context.links.page(target.page);
  if (here !== undefined)
    return link(context, `${here}${target.anchor ? `#${target.anchor}` : ''}`, children);
  const address = target.page ? safeAddress(target.page.url, undefined) : target.original;
  return element('span', { class: 'away' }, [link(context, address, children)]);
}

/** A muted line about what is not displayed. */
export function quietLine(children: readonly Node[]): Element {
  return element('span', { class: 'quiet' }, children);
}

/** A muted box in place of something that cannot be displayed, with its content where possible. */
export function quietBox(children: readonly Node[], body: readonly Node[] = []): Element {
  return element('div', { class: 'quiet' }, [element('p', { class: 'what' }, children), ...body]);
}

/** A name that somebody chose, shortened to fit in a sentence. */
export function shortName(name: string): string {
  const text = name.replace(/\s+/g, ' ').trim();
  return text.length > 80 ? `${text.slice(0, 79)}…`.toWellFormed() : text;
}
