// The exports folder. Nothing is written outside it, and nothing through a link that somebody placed there.
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { replaceFile } from '../../store/replace-file.ts';

/** Creates `path`, with mode 0700 for each part of it that is ours. @throws if something other than a folder is there */
export function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (!lstatSync(path).isDirectory()) throw new Error('not a real folder');
}

/** @param name a bare file name. @throws what the file system refuses */
export function writeExport(folder: string, name: string, bytes: string | Uint8Array): void {
  if (basename(name) !== name || name.startsWith('.')) throw new Error('not a file name');
  makeFolder(folder);
  replaceFile(join(folder, name), typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
}

export interface ExportedFile {
  /** A digest of its location: used in addresses on pages, never as a path. */
  readonly id: string;
  /** `DOC/Getting started.html`. */
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly at: number;
}

const filesLimit = 10_000;

/** Every exported file, newest first; pictures of Markdown exports are not listed. */
export function listExports(folder: string): ExportedFile[] {
  const files: ExportedFile[] = [];
  for (const space of entriesOf(folder)) {
    if (!space.isDirectory() || space.name.startsWith('.')) continue;
    for (const entry of entriesOf(join(folder, space.name))) {
      if (!entry.isFile() || entry.name.endsWith('.tmp') || files.length >= filesLimit) continue;
      const name = `${space.name}/${entry.name}`;
      const path = join(folder, space.name, entry.name);
      const { size, mtimeMs } = lstatSync(path);
      const id = createHash('sha256').update(name).digest('base64url').slice(0, 22);
      files.push({ id, name, path, size, at: Math.floor(mtimeMs) });
    }
  }
  return files.sort((one, other) => other.at - one.at || (one.name < other.name ? -1 : 1));
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
