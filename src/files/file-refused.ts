// The error for a file that cannot be used, with a message for the operator; looks up the reason where SQLite gives none.
import { accessSync, constants, lstatSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  type FileFault,
  faultByCode,
  faultByResult,
  fileWords,
  movedResult,
  type NamedFile,
} from './file-fault.ts';

interface FaultyError {
  readonly code?: unknown;
  readonly errcode?: unknown;
  readonly path?: unknown;
  readonly cause?: unknown;
}

/** Why the file system or SQLite refused, also if that is the cause of another error; undefined for any other error. */
export function fileFaultOf(error: unknown): FileFault | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof FileRefused) return at.fault;
    const { code, errcode } = at as FaultyError;
    if (errcode === movedResult) return 'replaced';
    const fault =
      typeof errcode === 'number'
        ? faultByResult[errcode & 0xff]
        : typeof code === 'string'
          ? faultByCode[code]
          : undefined;
    if (fault) return fault;
  }
  return undefined;
}

/** A file that cannot be used. The message tells the operator the file, the setting, what is wrong and what to do. */
export class FileRefused extends Error {
  readonly fault: FileFault;
  readonly file: NamedFile;
  constructor(file: NamedFile, fault: FileFault, cause?: unknown) {
    super(fileWords(file, fault), { cause });
    this.name = 'FileRefused';
    this.fault = fault;
    this.file = file;
  }
}

/** Runs `work` on that file. @throws FileRefused for errors of the file system or SQLite; other errors unchanged */
export function naming<T>(file: NamedFile, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw named(file, error);
  }
}

/** `error` as FileRefused if it is a file error; unchanged otherwise. */
export function named(file: NamedFile, error: unknown): unknown {
  if (error instanceof FileRefused) return error;
  const fault = fileFaultOf(error);
  if (fault === undefined) return error;
  return new FileRefused(file, fault === 'cannot-open' ? whyNotOpened(file.path) : fault, error);
}

/**
 * The message for an otherwise unknown error: a FileRefused, a file system error that holds its path, or an SQLite error
 * underneath a StoreUnavailable. undefined if it is not a file error.
 * @param store the file that an SQLite error is about, since it names none
 */
export function wordsForError(error: unknown, store: NamedFile): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof FileRefused) return at.message;
    const { errcode, path } = at as FaultyError;
    const fault = fileFaultOf(at);
    if (fault && typeof errcode === 'number') return (named(store, at) as Error).message;
    if (fault && typeof path === 'string') {
      return fileWords({ path: path.replace(/\.[\da-f]{12}\.tmp$/, '') }, fault);
    }
  }
  return undefined;
}

/** SQLite says only that it could not open a file; the file system says why. */
function whyNotOpened(path: string): FileFault {
  try {
    const link = lstatSync(path, { throwIfNoEntry: false });
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory()) return 'folder';
    if (found && !found.isFile()) return 'not-a-file';
    if (!found && link?.isSymbolicLink()) return 'link';
    accessSync(dirname(path), found ? constants.X_OK : constants.W_OK | constants.X_OK);
    if (found) accessSync(path, constants.R_OK | constants.W_OK);
    return 'cannot-open';
  } catch (error) {
    return fileFaultOf(error) ?? 'cannot-open';
  }
}
