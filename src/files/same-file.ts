// Whether the files that SQLite holds open are still those at their paths. What was removed or replaced can be written on without
// an error, and all of it would be lost; other processes would not see it.
import { statSync } from 'node:fs';
import type { NamedFile } from './file-fault.ts';
import { FileRefused } from './file-refused.ts';

export interface SameFile {
  /** Looks at the paths, a few microseconds each. @throws FileRefused with the fault `replaced` */
  check(): void;
}

/**
 * @param file a database in WAL mode, just opened and read; its `-wal` and `-shm` stay the same while it is open
 */
export function rememberFile(file: NamedFile): SameFile {
  const known = ['', '-wal', '-shm'].map((suffix) => {
    const path = file.path + suffix;
    return { path, id: idOf(path) };
  });
  return {
    check() {
      for (const { path, id } of known)
        if (id !== undefined && idOf(path) !== id) throw new FileRefused({ ...file, path }, 'replaced');
    },
  };
}

/** undefined where nothing is there. Opening the file to ask would do harm: closing it frees the locks of SQLite. */
function idOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found && `${found.dev}:${found.ino}`;
}

/** Looks every so often, without holding the process open. @param tell once when it is lost, and with `undefined` when it is back. @returns how to stop */
export function watchFile(file: SameFile, everyMs: number, tell: (fault: unknown) => void): () => void {
  let isLost = false;
  const timer = setInterval(() => {
    const fault = faultOf(file);
    if ((fault !== undefined) === isLost) return;
    isLost = !isLost;
    tell(fault);
  }, everyMs).unref();
  return () => clearInterval(timer);
}

function faultOf(file: SameFile): unknown {
  try {
    file.check();
    return undefined;
  } catch (error) {
    return error;
  }
}
