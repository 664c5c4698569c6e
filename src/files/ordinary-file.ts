// Reads a file whose path a user gave. A pipe, a device or a folder is refused immediately: reading a pipe could block forever, and a
// device never ends.
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats, statSync } from 'node:fs';
import type { NamedFile } from './file-fault.ts';
import { FileRefused, naming } from './file-refused.ts';

/** Windows has no such flag, and its pipes have a namespace of their own. */
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** The bytes of an ordinary file; links are followed. @throws FileRefused if it is not one, or cannot be read */
export function readOrdinaryFile(file: NamedFile): Buffer {
  return naming(file, () => {
    // Checked before opening: opening a device can have side effects.
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

/** For callers that open or write the file themselves; a file that does not exist yet is accepted. @throws FileRefused */
export function demandOrdinaryFile(file: NamedFile): void {
  const found = naming(file, () => statSync(file.path, { throwIfNoEntry: false }));
  if (found) demandOrdinary(file, found);
}

function demandOrdinary(file: NamedFile, found: Stats): void {
  if (found.isDirectory()) throw new FileRefused(file, 'folder');
  if (!found.isFile()) throw new FileRefused(file, 'not-a-file');
}
