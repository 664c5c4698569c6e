// Checks the data folder before anything in it is opened: nobody else may write there, and nothing in it may link elsewhere. File modes
// are corrected; what could be a trap set by another user (a link, a different owner) is refused by name.
import { chmodSync, lstatSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import type { NamedFile } from './file-fault.ts';
import { FileRefused, naming } from './file-refused.ts';

/** Files that hold sessions, secrets or the library. SQLite opens the `-wal` and `-shm` files by itself. */
const names = ['gatehouse.db', 'library.db'].flatMap((name) => [name, `${name}-wal`, `${name}-shm`]);
const setting = 'DATA_DIR';

/**
 * Checks `dataDir` and Gatehouse's files in it; missing files are fine. Does nothing on Windows, which has no modes.
 * @param more names of further files in it
 * @returns the paths whose mode was corrected
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
  // A volume owned by root and writable by this program's group, as Kubernetes mounts it: nobody else has access.
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

/** Root may work on another user's files: commands are run that way. */
function isOwn(uid: number): boolean {
  const me = process.geteuid?.() ?? uid;
  return me === 0 || uid === me;
}

function isOwnGroup(gid: number): boolean {
  return process.getegid?.() === gid || process.getgroups?.().includes(gid) === true;
}
