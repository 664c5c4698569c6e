// Replaces a file so that its readers, and a crash at any instant, see the old or the new one whole. Only under the lock.
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Fault } from './file-fault.ts';

export interface Rights {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

// Readable for the group: oauth2-proxy may run as somebody else.
const newMode = 0o640;

/**
 * @param rights of the file that is replaced, which stay; absent: whoever runs this, 0640
 * @param isUnchanged asked at the last instant before the rename; false: nothing is replaced
 * @returns whether the file was put in place
 */
export function replaceFile(
  path: string,
  bytes: Uint8Array,
  rights: Rights | undefined,
  isUnchanged: () => boolean,
): boolean {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    writeNew(temporary, bytes, rights);
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

/** Removes what killed writers left beside `path`. Nobody else has a temporary file under the lock. */
export function removeDeadTemporaries(path: string): void {
  const name = basename(path);
  for (const entry of readdirSync(dirname(path))) {
    if (entry.startsWith(`${name}.`) && /^\.[\da-f]{12}\.tmp$/.test(entry.slice(name.length))) {
      unlinkSync(join(dirname(path), entry));
    }
  }
}

function writeNew(path: string, bytes: Uint8Array, rights: Rights | undefined): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, bytes);
    if (rights) keepOwner(file, rights);
    fchmodSync(file, rights?.mode ?? newMode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** A list that changed hands might be closed to oauth2-proxy, which stops when it cannot open it. */
function keepOwner(file: number, { uid, gid }: Rights): void {
  const now = fstatSync(file);
  if (now.uid === uid && now.gid === gid) return;
  try {
    fchownSync(file, uid, gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') throw new Fault('not-owner');
    throw error;
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
