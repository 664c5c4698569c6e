// A text file that Gatehouse changes and people edit as well. Every other reader, and a crash at any time, see either the complete old
// text or the complete new one; writers take turns.
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  realpathSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { type EditedFileFault, Fault, faultOf } from './edited-file-fault.ts';
import { withLock } from './file-lock.ts';
import { type ReplaceOptions, removeDeadTemporaries, replaceFile } from './replace-file.ts';

const maxBytes = 1024 * 1024;
const attempts = 5;

export type EditedText = { readonly text: string } | { readonly fault: EditedFileFault };
export type Changed<T> = { readonly value: T } | { readonly fault: EditedFileFault };

/** What to do with the file: `text` is written if it is given. */
export interface Decision<T> {
  readonly text?: string;
  readonly value: T;
}

export interface EditedFile {
  readonly path: string;
  /** `missing` if there is no file. */
  read(): EditedText;
  /**
   * Replaces the text by the result of `decide`, which gets undefined if there is no file. Called again if somebody else saved
   * meanwhile, so that neither change is lost.
   */
  change<T>(decide: (text: string | undefined) => Decision<T>): Promise<Changed<T>>;
}

export interface EditedFileOptions {
  readonly path: string;
  /** Of a file that does not exist yet; otherwise the mode is kept. */
  readonly newMode: number;
  /** How long to wait for another writer; default 3 s. */
  readonly lockWaitMs?: number | undefined;
  /** Called under the lock, which may have been waited for. @throws if the change may no longer be made */
  readonly confirm: () => Promise<void>;
}

export function createEditedFile({
  path,
  newMode,
  lockWaitMs = 3000,
  confirm,
}: EditedFileOptions): EditedFile {
  return {
    path,
    read() {
      return catching(() => {
        const found = readAt(realPath(path));
        return found ? { text: found.text } : { fault: 'missing' };
      });
    },
    async change(decide) {
      try {
        const target = realPath(path);
        // Checked first: the error of a lock that cannot be created would say less.
        accessSync(dirname(target), constants.W_OK | constants.X_OK);
        const locked = await withLock(target, lockWaitMs, async () => {
          await confirm();
          return attempt(target, newMode, decide);
        });
        return 'value' in locked ? locked.value : { fault: 'busy' };
      } catch (error) {
        return { fault: faultOf(error) };
      }
    },
  };
}

function attempt<T>(
  path: string,
  newMode: number,
  decide: (text: string | undefined) => Decision<T>,
): Changed<T> {
  removeDeadTemporaries(path);
  for (let tries = 0; tries < attempts; tries++) {
    const old = readAt(path);
    if (old && old.links > 1) throw new Fault('linked');
    const { text, value } = decide(old?.text);
    if (text === undefined || text === old?.text) return { value };
    const isUnchanged = () => sameBytes(readAt(path)?.bytes, old?.bytes);
    const mode = old?.mode ?? newMode;
    if (putInPlace(path, text, { mode, owner: old, isUnchanged })) return { value };
  }
  return { fault: 'busy' };
}

/** A file with another owner might be unreadable for the programs that need it. */
function putInPlace(path: string, text: string, options: ReplaceOptions): boolean {
  try {
    return replaceFile(path, Buffer.from(text), options);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    throw code === 'EPERM' && syscall === 'fchown' ? new Fault('not-owner') : error;
  }
}

interface OnDisk {
  readonly text: string;
  readonly bytes: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly links: number;
}

/** Always closed before anything is renamed: while a file is held open, its watcher is not notified that it was replaced. */
function readAt(path: string): OnDisk | undefined {
  const kind = lstatSync(path, { throwIfNoEntry: false });
  if (!kind) return undefined;
  if (!kind.isFile()) throw new Fault('not-a-file');
  const handle = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size, mode, uid, gid, nlink: links } = fstatSync(handle);
    if (size > maxBytes) throw new Fault('too-big');
    const bytes = readFileSync(handle);
    return { text: decode(bytes), bytes, mode: mode & 0o777, uid, gid, links };
  } finally {
    closeSync(handle);
  }
}

/** A byte-order mark stays in the text: oauth2-proxy takes it as part of the first address of its list. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Fault('not-utf8');
  }
}

/** The target of a link: the link itself must not be replaced by a file. */
function realPath(path: string): string {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
  return isLink ? realpathSync(path) : path;
}

function sameBytes(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b);
}

function catching(read: () => EditedText): EditedText {
  try {
    return read();
  } catch (error) {
    return { fault: faultOf(error) };
  }
}
