// What a sync needs from Confluence, of either kind.

export type Kind = 'cloud' | 'data-center';

export interface ListedSpace {
  readonly key: string;
  readonly id: string;
  readonly name: string;
  readonly homepage: string | null;
  readonly url: string;
}

export interface ListedPage {
  readonly id: string;
  /** The space's key. */
  readonly space: string;
  readonly parent: string | null;
  readonly title: string;
  readonly version: number;
  /** null: this list does not include it. */
  readonly position: number | null;
}

export interface FetchedPage extends ListedPage {
  /** Storage format. */
  readonly body: string;
  readonly url: string;
  readonly author: string;
  readonly updatedAt: number;
}

export interface ListedFile {
  readonly id: string;
  readonly title: string;
  readonly mediaType: string;
  readonly size: number;
  readonly version: number;
  /** Below the configured address. */
  readonly download: string;
}

/** A page has an attachment with some version; from the search index, so it may lag behind. */
export interface FileHint {
  readonly id: string;
  readonly page: string;
  readonly version: number;
  readonly size: number;
}

/** Every call may throw Unanswered. */
export interface Api {
  readonly kind: Kind;
  /** The display name of the account; undefined: anonymous, so we see only what everyone sees. */
  whoAmI(): Promise<string | undefined>;
  spaces(): AsyncGenerator<ListedSpace[]>;
  space(key: string): Promise<ListedSpace>;
  /** All live pages of a space. */
  pagesOf(space: Pick<ListedSpace, 'key' | 'id'>): AsyncGenerator<ListedPage[]>;
  titled(space: Pick<ListedSpace, 'key' | 'id'>, title: string): Promise<ListedPage | undefined>;
  /** undefined: it does not exist, is in the trash, or we may not see it. */
  page(id: string): Promise<FetchedPage | undefined>;
  filesOf(page: string): AsyncGenerator<ListedFile[]>;
  /** Pages by CQL. */
  findPages(where: string): AsyncGenerator<ListedPage[]>;
  /** Attachments by CQL. */
  findFiles(where: string): AsyncGenerator<FileHint[]>;
}

/** Quotes a value for a CQL query. */
export function quoted(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&')}"`;
}
