// Reads a file that somebody named. A pipe, a device or a folder is refused at once: a pipe would hold a program for ever, and a
// device never ends.
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats, statSync } from 'node:fs';
import type { NamedFile } from './file-fault.ts';
import { FileRefused, naming } from './file-refused.ts';

/** Windows has no such flag, and its pipes have names of their own. */
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** The bytes of an ordinary file; links are followed. @throws FileRefused where it is none, or cannot be read */
export function readOrdinaryFile(file: NamedFile): Buffer {
  return naming(file, () => {
    // Asked first: to open a device can set it in motion.
    demandOrdinary(file, statSync(file.path));
    const handle = openSync(file.path, openFlags);
    try {
      demandOrdinary(file, fstatSync(handle));
      return readFileSync(handle);
    } finally {
      closeSync(handle);
    }
  });
}

/** For what opens the file itself, or writes to it; one that is not there yet will do. @throws FileRefused */
export function demandOrdinaryFile(file: NamedFile): void {
  const found = naming(file, () => statSync(file.path, { throwIfNoEntry: false }));
  if (found) demandOrdinary(file, found);
}

function demandOrdinary(file: NamedFile, found: Stats): void {
  if (found.isDirectory()) throw new FileRefused(file, 'folder');
  if (!found.isFile()) throw new FileRefused(file, 'not-a-file');
}
