// Replaces a file atomically: readers, and a crash at any time, see either the old or the new file whole. Call it only under the lock.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface ReplaceOptions {
  /** Default 0600. */
  readonly mode?: number;
  /** The new owner; absent: the current owner, or for a new file the user running this. */
  readonly owner?: Owner | undefined;
  /** Called immediately before the rename; false: nothing is replaced. */
  readonly isUnchanged?: () => boolean;
}

/** @returns whether the file was replaced. @throws errors of the file system; EPERM from `fchown` for another owner */
export function replaceFile(
  path: string,
  bytes: Uint8Array,
  { mode = 0o600, owner = foreignOwner(path), isUnchanged = () => true }: ReplaceOptions = {},
): boolean {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeNew(temporary, bytes, mode, owner);
    if (!isUnchanged()) {
      unlinkSync(temporary);
      return false;
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
  return true;
}

/**
 * The owner of the file (or folder) if root is working on another user's file: a file that root came to own would lock out the program
 * that needs it. undefined if the current user is the owner, or there is no file.
 */
export function foreignOwner(path: string): Owner | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found && found.uid !== 0 ? { uid: found.uid, gid: found.gid } : undefined;
}

/** Removes temporary files that killed writers left next to `path` and its dated backups. Under the lock nobody else has one. */
export function removeDeadTemporaries(path: string): void {
  const name = basename(path);
  for (const entry of readdirSync(dirname(path))) {
    if (
      entry.startsWith(`${name}.`) &&
      /^(?:\.backup-[\dTZ-]+)?\.[\da-f]{12}\.tmp$/.test(entry.slice(name.length))
    ) {
      unlinkSync(join(dirname(path), entry));
    }
  }
}

function writeNew(path: string, bytes: Uint8Array, mode: number, owner: Owner | undefined): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, bytes);
    if (owner) keepOwner(file, owner);
    if (mode !== 0o600) fchmodSync(file, mode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function keepOwner(file: number, { uid, gid }: Owner): void {
  const now = fstatSync(file);
  if (now.uid !== uid || now.gid !== gid) fchownSync(file, uid, gid);
}

/** Makes the rename durable; Windows cannot open a folder, and does not need this. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
