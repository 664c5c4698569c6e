// Replaces a file so that readers, and a crash at any instant, see the old or the new one whole. Files are 0600. Only under the lock.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchownSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Puts `bytes` at `path`. @param owner who shall own it; absent: whoever runs this
 * @param isUnchanged asked at the last instant before the rename; false: nothing is replaced
 * @returns whether the file was put in place
 */
export function replaceFile(
  path: string,
  bytes: Uint8Array,
  owner: Owner | undefined,
  isUnchanged: () => boolean,
): boolean {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeNew(temporary, bytes, owner);
    if (!isUnchanged()) {
      unlinkSync(temporary);
      return false;
    }
    renameSync(temporary, path);
  } catch (error) {
    removeDeadTemporaries(path);
    throw error;
  }
  syncFolder(dirname(path));
  return true;
}

/** Removes what killed runs left beside `path`, of its backups too. Safe under the lock: nobody else has a temporary file then. */
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

function writeNew(path: string, bytes: Uint8Array, owner: Owner | undefined): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, bytes);
    if (owner) fchownSync(file, owner.uid, owner.gid);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
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
