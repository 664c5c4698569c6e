// What the library needs from the store of fetched pages and from the sync. app.ts injects both.
import type { DatabaseSync } from 'node:sqlite';

export interface Space {
  readonly key: string;
  readonly name: string;
  readonly homepage: string | null;
  /** Live pages. */
  readonly pages: number;
  readonly fetchedAt: number;
}

export interface Page {
  readonly id: string;
  readonly space: string;
  readonly parent: string | null;
  readonly title: string;
  readonly version: number;
  /** Confluence's storage format; untrusted. */
  readonly body: string;
  readonly status: 'live' | 'removed';
  /** The original page's address. */
  readonly url: string;
  /** Empty if no author is named. */
  readonly author: string;
  /** 0: unknown. */
  readonly updatedAt: number;
  readonly fetchedAt: number;
}

export interface Attachment {
  readonly id: string;
  readonly page: string;
  /** A name that people chose; never used as a path. */
  readonly title: string;
  readonly mediaType: string;
  readonly size: number;
  /** Where its bytes are stored on this machine. */
  readonly path: string;
}

export interface TreeEntry {
  readonly id: string;
  readonly title: string;
  /** 0 at the top; entries are in reading order. */
  readonly depth: number;
}

/** The library as it was fetched. Read-only. */
export interface LibraryPages {
  spaces(): readonly Space[];
  tree(space: string): readonly TreeEntry[];
  page(id: string): Page | undefined;
  pageByTitle(space: string, title: string): Page | undefined;
  children(id: string): readonly { readonly id: string; readonly title: string }[];
  attachmentsOf(page: string): readonly Attachment[];
  attachment(id: string): Attachment | undefined;
  /** Has `page_text(title, text)`, a full-text index whose rows match those of `page(row, id, space, title)`. */
  readonly database: DatabaseSync;
}

/** The progress of a sync. */
export interface SyncProgress {
  readonly state: 'never' | 'running' | 'paused' | 'failed' | 'done';
  /** Why it is paused or failed, in words for people. */
  readonly reason?: string;
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** Pages done, of those found so far. */
  readonly done: number;
  readonly found: number;
  readonly added: number;
  readonly updated: number;
  readonly skipped: number;
  readonly failed: number;
  /** The first failures, with their reasons in words. */
  readonly failures: readonly { readonly title: string; readonly reason: string }[];
  /** Fresh cookies in the vault would let it continue. */
  readonly wantsCookies: boolean;
}

export interface LibraryParts {
  readonly pages: LibraryPages;
  /** Confluence's address; undefined: none is configured. */
  readonly url: string | undefined;
  /** Absent: syncs can only be started in the terminal. `cookies`: Confluence needs fresh ones first. */
  readonly startSync?: (by: {
    readonly id: string;
    readonly email: string;
  }) => Promise<'started' | 'running' | 'cookies'>;
  readonly progress?: () => SyncProgress;
  /** Where exports are written; created if missing, mode 0700. */
  readonly exportsFolder: string;
}
