// Whether the files that SQLite has open are still the ones at their paths. Writes to a removed or replaced file succeed without an
// error, but would be lost and invisible to other processes.
import { statSync } from 'node:fs';
import type { NamedFile } from './file-fault.ts';
import { FileRefused } from './file-refused.ts';

export interface SameFile {
  /** Stats the paths, a few microseconds each. @throws FileRefused with the fault `replaced` */
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

/** undefined if there is no file. Uses stat because opening and closing the file would release SQLite's locks. */
function idOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true });
  return found && `${found.dev}:${found.ino}`;
}

/**
 * Checks periodically, without keeping the process alive.
 * @param tell called once when the file is lost, and with `undefined` when it is back
 * @returns a function that stops it
 */
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
