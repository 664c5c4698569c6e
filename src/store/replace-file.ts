// Replaces a file so that its readers, and a crash at any instant, see the old or the new one whole. Only under the lock.
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
  /** 0600 where absent. */
  readonly mode?: number;
  /** Who shall own it; absent: who owns it now, and of a new file whoever runs this. */
  readonly owner?: Owner | undefined;
  /** Asked at the last instant before the rename; false: nothing is replaced. */
  readonly isUnchanged?: () => boolean;
}

/** @returns whether the file was put in place. @throws what the file system refuses; `fchown` with EPERM for another owner */
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
 * Whose the file (or folder) is, where root works on what belongs to somebody else: a file that became root's would shut out the
 * program that it is for. undefined: it stays with whoever runs this, or there is none.
 */
export function foreignOwner(path: string): Owner | undefined {
  if (process.geteuid?.() !== 0) return undefined;
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found && found.uid !== 0 ? { uid: found.uid, gid: found.gid } : undefined;
}

/** Removes what killed writers left beside `path`, of its dated backups too. Nobody else has a temporary file under the lock. */
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

/** Makes the rename itself last; Windows cannot open a folder, and needs no such step. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
