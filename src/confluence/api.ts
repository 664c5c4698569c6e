// What a sync asks of Confluence, whichever kind it is.

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
  /** null: this list does not say. */
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

/** That a page has an attachment in some version; from the search index, so it may be late. */
export interface FileHint {
  readonly id: string;
  readonly page: string;
  readonly version: number;
  readonly size: number;
}

/** Every call throws Unanswered. */
export interface Api {
  readonly kind: Kind;
  /** The display name of the account; undefined: nobody, so what is seen is what everyone sees. */
  whoAmI(): Promise<string | undefined>;
  spaces(): AsyncGenerator<ListedSpace[]>;
  space(key: string): Promise<ListedSpace>;
  /** All live pages of a space. */
  pagesOf(space: Pick<ListedSpace, 'key' | 'id'>): AsyncGenerator<ListedPage[]>;
  titled(space: Pick<ListedSpace, 'key' | 'id'>, title: string): Promise<ListedPage | undefined>;
  /** undefined: there is none, it is in the trash, or we may not see it. */
  page(id: string): Promise<FetchedPage | undefined>;
  filesOf(page: string): AsyncGenerator<ListedFile[]>;
  /** By CQL: pages. */
  findPages(where: string): AsyncGenerator<ListedPage[]>;
  /** By CQL: attachments. */
  findFiles(where: string): AsyncGenerator<FileHint[]>;
}

/** A value inside a CQL query. */
export function quoted(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&')}"`;
}
