// The .env file on disk: read strictly, because what cannot be read exactly cannot be written back unchanged.
import { closeSync, constants, fchmodSync, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import type { Owner } from '../store/replace-file.ts';

const maxBytes = 1024 * 1024;

export interface OnDisk {
  readonly text: string;
  readonly bytes: Buffer;
  /** Readable or writable by anyone but its owner. */
  readonly isOpen: boolean;
  /** Set only if the owner is not the user who runs this. */
  readonly owner?: Owner;
}

export type ReadFault =
  | 'symlink'
  | 'directory'
  | 'not-a-file'
  | 'not-utf8'
  | 'too-big'
  | 'not-yours'
  | 'no-folder'
  | 'no-access';

export type ReadResult = { readonly file: OnDisk | undefined } | { readonly fault: ReadFault };

/** The file; undefined if there is none. */
export function readEnvFile(path: string): ReadResult {
  try {
    const kind = lstatSync(path, { throwIfNoEntry: false });
    if (!kind) return { file: undefined };
    if (kind.isSymbolicLink()) return { fault: 'symlink' };
    if (kind.isDirectory()) return { fault: 'directory' };
    if (!kind.isFile()) return { fault: 'not-a-file' };
    return readRegular(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return { fault: 'no-folder' };
    if (code === 'EACCES' || code === 'EPERM' || code === 'ELOOP') return { fault: 'no-access' };
    throw error;
  }
}

/** Removes all permissions from everyone but the owner. */
export function tighten(path: string): void {
  const handle = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    fchmodSync(handle, 0o600);
  } finally {
    closeSync(handle);
  }
}

function readRegular(path: string): ReadResult {
  const handle = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size, mode, uid, gid } = fstatSync(handle);
    if (size > maxBytes) return { fault: 'too-big' };
    const me = process.geteuid?.() ?? uid;
    if (uid !== me && me !== 0) return { fault: 'not-yours' };
    const bytes = readFileSync(handle);
    const text = decode(bytes);
    if (text === undefined) return { fault: 'not-utf8' };
    const isOpen = process.platform !== 'win32' && (mode & 0o077) !== 0;
    return { file: { text, bytes, isOpen, ...(uid === me ? {} : { owner: { uid, gid } }) } };
  } finally {
    closeSync(handle);
  }
}

/** undefined for anything but UTF-8 text; a byte-order mark is kept in the text. */
function decode(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
