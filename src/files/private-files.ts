// Before anything in the data folder is opened: nobody else may write there, and nothing in it leads elsewhere. A mode is mended; what
// could be somebody's trap (a link, another owner) is refused by name.
import { chmodSync, lstatSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { NamedFile } from './file-fault.ts';
import { FileRefused, naming } from './file-refused.ts';

/** What holds sessions, secrets or the library; SQLite opens the logs by itself. */
const names = ['gatehouse.db', 'library.db'].flatMap((name) => [name, `${name}-wal`, `${name}-shm`]);
const setting = 'DATA_DIR';

/**
 * Looks at `dataDir` and the files of Gatehouse in it; what is missing is well. On Windows nothing: it has no modes.
 * @param more names of other files in it
 * @returns the paths whose mode was mended
 * @throws FileRefused
 */
export function securePrivateFiles(dataDir: string, more: readonly string[] = []): string[] {
  if (process.platform === 'win32') return [];
  const folder = { path: dataDir, setting };
  const found = naming(folder, () => statSync(dataDir, { throwIfNoEntry: false }));
  if (!found?.isDirectory()) return [];
  const files = [...names, ...more].map((name) => ({ path: join(dataDir, name), setting }));
  return [...secureFolder(folder, found), ...files.flatMap(secureFile)];
}

function secureFolder(folder: NamedFile, { mode, uid, gid }: Stats): string[] {
  if ((mode & 0o022) === 0) return [];
  // A volume that root lends to this program's group, as Kubernetes does: nobody else is let in.
  const isLent = (mode & 0o002) === 0 && uid === 0 && isOwnGroup(gid);
  if (isLent && !isOwn(uid)) return [];
  if (!isOwn(uid)) throw new FileRefused(folder, 'open-to-others');
  naming(folder, () => chmodSync(folder.path, mode & 0o755));
  return [folder.path];
}

function secureFile(file: NamedFile): string[] {
  const found = naming(file, () => lstatSync(file.path, { throwIfNoEntry: false }));
  if (!found) return [];
  if (found.isSymbolicLink()) throw new FileRefused(file, 'link');
  if (found.isDirectory()) throw new FileRefused(file, 'folder');
  if (!found.isFile()) throw new FileRefused(file, 'not-a-file');
  if (!isOwn(found.uid)) throw new FileRefused(file, 'not-yours');
  if ((found.mode & 0o077) === 0) return [];
  naming(file, () => chmodSync(file.path, 0o600));
  return [file.path];
}

/** Root may work on what belongs to somebody else: commands are run so. */
function isOwn(uid: number): boolean {
  const me = process.geteuid?.() ?? uid;
  return me === 0 || uid === me;
}

function isOwnGroup(gid: number): boolean {
  return process.getegid?.() === gid || process.getgroups?.().includes(gid) === true;
}
