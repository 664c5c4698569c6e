// A file that cannot be used, as an error whose message says so to whoever runs the program; and what SQLite leaves unsaid, looked up.
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

/** Why the file system or SQLite refused, also where it is the cause of another error; undefined: it is something else. */
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

/** A file that cannot be used; the message is for whoever runs the program: the file, the setting, what is wrong, what to do. */
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

/** Runs `work` on that file. @throws FileRefused for what the file system or SQLite refuses; everything else as it is */
export function naming<T>(file: NamedFile, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw named(file, error);
  }
}

/** `error` as FileRefused where it is one of a file; as it is otherwise. */
export function named(file: NamedFile, error: unknown): unknown {
  if (error instanceof FileRefused) return error;
  const fault = fileFaultOf(error);
  if (fault === undefined) return error;
  return new FileRefused(file, fault === 'cannot-open' ? whyNotOpened(file.path) : fault, error);
}

/**
 * The line for an error that nothing more is known of: one that is named already, one of the file system, whose path it holds, or
 * one of SQLite under a store that did not answer. undefined: it is none of a file.
 * @param store the file of an SQLite error that names none
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
