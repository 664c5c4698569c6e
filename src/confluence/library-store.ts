// The library's file, `library.db` in the data folder: what was fetched from Confluence, readable by its owner only.
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { naming } from '../files/file-refused.ts';
import { rememberFile } from '../files/same-file.ts';
import { librarySchema } from './library-schema.ts';
import { preorder, type TreeRow } from './library-tree.ts';
import { watchDatabase } from './transaction.ts';

export interface LibrarySpace {
  readonly key: string;
  readonly name: string;
  /** The space's home page; null if it has none. */
  readonly homepage: string | null;
  /** The space's address at Confluence. */
  readonly url: string;
  /** Live pages. */
  readonly pages: number;
  readonly fetchedAt: number;
}

export interface LibraryPage {
  readonly id: string;
  readonly space: string;
  /** The parent page; null at the top of the space. The library may not have that page. */
  readonly parent: string | null;
  /** As people wrote it: it may contain anything. */
  readonly title: string;
  readonly version: number;
  /** Confluence's storage format: XHTML with `ac:` and `ri:` elements; untrusted. */
  readonly body: string;
  readonly status: 'live' | 'removed';
  /** The original page, an address below the configured Confluence. */
  readonly url: string;
  /** A display name; empty if Confluence does not give one. */
  readonly author: string;
  /** When this version was made, ms; 0 if Confluence does not say. */
  readonly updatedAt: number;
  readonly fetchedAt: number;
  /** Its position among its siblings, smallest first. */
  readonly position: number;
}

export interface LibraryAttachment {
  readonly id: string;
  readonly page: string;
  /** The file's name as people wrote it; never used as a path. */
  readonly title: string;
  /** As Confluence gives it, untrusted; empty if it gives none. */
  readonly mediaType: string;
  readonly size: number;
  readonly version: number;
  /** Where its bytes are stored: an absolute path whose last part is a digest. */
  readonly path: string;
  readonly sha256: string;
  readonly fetchedAt: number;
}

/** A page above or below another, without its body. */
export type LibraryChild = Pick<LibraryPage, 'id' | 'title' | 'updatedAt'>;

export interface LibraryStore {
  /** Spaces that are live or still have pages, sorted by name. */
  spaces(): LibrarySpace[];
  /** Live pages of a space from top to bottom, each with its depth. A page whose parent is not among them is at the top. */
  tree(space: string): TreeRow[];
  /** Includes pages that were removed at Confluence. */
  page(id: string): LibraryPage | undefined;
  /** The live page with that title in a space: links in bodies refer to pages this way. */
  pageByTitle(space: string, title: string): LibraryPage | undefined;
  /** Live pages, in Confluence's order. */
  children(id: string): LibraryChild[];
  /** Sorted by name. */
  attachmentsOf(page: string): LibraryAttachment[];
  attachment(id: string): LibraryAttachment | undefined;
  /** For the search: `page_text(title, text)` shares its `row` with `page`. */
  readonly database: DatabaseSync;
  /** The folder that holds the attachments' bytes. */
  readonly filesFolder: string;
  /** Checks that its file is still the one that was opened. @throws FileRefused */
  check(): void;
  close(): void;
}

const pageColumns =
  'id, space, parent, title, version, body, status, url, author, updated_at AS updatedAt, fetched_at AS fetchedAt, position';
const attachmentColumns =
  'id, page, title, media_type AS mediaType, size, version, file, sha256, fetched_at AS fetchedAt';

const setting = 'DATA_DIR';

/** Opens (or creates) the library in `dataDir`, which is created with mode 0700. @throws FileRefused if it cannot be used */
export function openLibrary(dataDir: string): LibraryStore {
  const folder = filesFolderOf(dataDir);
  naming({ path: folder, setting }, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
  const file = { path: join(dataDir, 'library.db'), setting };
  return naming(file, () => storeOf(openDatabase(file.path), dataDir));
}

/** For a process that only reads, in addition to the one that opened it. @throws if it does not exist */
export function openLibraryToRead(dataDir: string): LibraryStore {
  const file = { path: join(dataDir, 'library.db'), setting };
  return naming(file, () => storeOf(new DatabaseSync(file.path, { readOnly: true, timeout: 5000 }), dataDir));
}

const filesFolderOf = (dataDir: string) => join(dataDir, 'library', 'attachments');

function storeOf(database: DatabaseSync, dataDir: string): LibraryStore {
  const filesFolder = filesFolderOf(dataDir);
  const file = rememberFile({ path: join(dataDir, 'library.db'), setting });
  watchDatabase(database, file);

  const spaces = database.prepare(
    `SELECT key, name, homepage, url, fetched_at AS fetchedAt, live.pages AS pages FROM space
     JOIN (SELECT s.key AS of, count(p.row) AS pages FROM space s
           LEFT JOIN page p ON p.space = s.key AND p.status = 'live' GROUP BY s.key) live ON live.of = space.key
     WHERE status = 'live' OR pages > 0 ORDER BY name, key`,
  );
  const tree = database.prepare(
    "SELECT id, parent, title, position FROM page WHERE space = ? AND status = 'live' ORDER BY position, title, id",
  );
  const page = database.prepare(`SELECT ${pageColumns} FROM page WHERE id = ?`);
  const byTitle = database.prepare(
    `SELECT ${pageColumns} FROM page WHERE space = ? AND title = ? AND status = 'live' ORDER BY row LIMIT 1`,
  );
  const children = database.prepare(
    "SELECT id, title, updated_at AS updatedAt FROM page WHERE parent = ? AND status = 'live' ORDER BY position, title, id",
  );
  const ofPage = database.prepare(
    `SELECT ${attachmentColumns} FROM attachment WHERE page = ? ORDER BY title, id`,
  );
  const attachment = database.prepare(`SELECT ${attachmentColumns} FROM attachment WHERE id = ?`);
  const withPath = ({ file, ...row }: AttachmentRow): LibraryAttachment => ({
    ...row,
    path: join(filesFolder, file),
  });

  return {
    spaces: () => spaces.all() as unknown as LibrarySpace[],
    tree: (space) => preorder(tree.all(space) as unknown as TreeRow[]),
    page: (id) => page.get(id) as LibraryPage | undefined,
    pageByTitle: (space, title) => byTitle.get(space, title) as LibraryPage | undefined,
    children: (id) => children.all(id) as unknown as LibraryChild[],
    attachmentsOf: (id) => (ofPage.all(id) as unknown as AttachmentRow[]).map(withPath),
    attachment(id) {
      const row = attachment.get(id) as AttachmentRow | undefined;
      return row && withPath(row);
    },
    database,
    filesFolder,
    check: file.check,
    close() {
      if (database.isOpen) database.close();
    },
  };
}

type AttachmentRow = Omit<LibraryAttachment, 'path'> & { readonly file: string };

function openDatabase(path: string): DatabaseSync {
  const umask = process.umask(0o077);
  try {
    const database = new DatabaseSync(path, { timeout: 5000 });
    // NORMAL: killing the process loses nothing; a power cut can lose the last pages, which the next sync fetches again.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    database.exec(librarySchema);
    for (const suffix of ['', '-wal', '-shm']) if (existsSync(path + suffix)) chmodSync(path + suffix, 0o600);
    return database;
  } finally {
    process.umask(umask);
  }
}
