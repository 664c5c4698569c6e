// What the second process does for readers: work whose duration depends on untrusted content. Read-only.
import type { LibraryPages, TreeEntry } from '../contract.ts';
import { createSearch, type FoundPage, type SearchRequest } from '../pages/search.ts';
import { renderPage } from '../render/render.ts';

export interface Reading {
  /** The sanitised body; undefined: the page no longer exists. */
  body(id: string): string | undefined;
  search(request: SearchRequest): FoundPage;
  /** The first `most` pages of a space, and how many more there are. */
  tree(wanted: { readonly space: string; readonly most: number }): {
    readonly entries: readonly TreeEntry[];
    readonly more: number;
  };
}

export interface ReadingParts {
  readonly pages: LibraryPages;
  /** Confluence's address; undefined: none is configured. */
  readonly url: string | undefined;
}

export function createReading({ pages, url }: ReadingParts): Reading {
  return {
    body(id) {
      const page = pages.page(id);
      return page && renderPage(page, { pages, url });
    },
    search: createSearch(pages.database),
    tree({ space, most }) {
      const tree = pages.tree(space);
      const entries = tree.slice(0, most).map(({ id, title, depth }) => ({ id, title, depth }));
      return { entries, more: tree.length - entries.length };
    },
  };
}
