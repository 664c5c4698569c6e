// Why a file that people edit as well cannot be read or written; unexpected errors are rethrown.

import type { FileFault as DiskFault } from '../files/file-fault.ts';
import { fileFaultOf } from '../files/file-refused.ts';

export type EditedFileFault =
  | 'missing'
  | 'no-folder'
  | 'read-only'
  | 'no-rights'
  | 'not-owner'
  | 'mounted-alone'
  | 'linked'
  | 'not-a-file'
  | 'not-utf8'
  | 'too-big'
  | 'disk-full'
  | 'too-many-open'
  | 'broken-disk'
  | 'lock'
  | 'busy';

export class Fault extends Error {
  readonly fault: EditedFileFault;
  constructor(fault: EditedFileFault) {
    super(fault);
    this.fault = fault;
  }
}

const faults: Readonly<Partial<Record<DiskFault, EditedFileFault>>> = {
  missing: 'no-folder',
  'not-a-folder': 'no-folder',
  'read-only': 'read-only',
  'no-access': 'no-rights',
  'cannot-open': 'no-rights',
  link: 'not-a-file',
  folder: 'not-a-file',
  'not-a-file': 'not-a-file',
  // A file that is a mount by itself cannot be replaced by renaming.
  mounted: 'mounted-alone',
  full: 'disk-full',
  quota: 'disk-full',
  'too-many-open': 'too-many-open',
  'broken-disk': 'broken-disk',
  // The file is not a database: these concern its lock.
  damaged: 'lock',
  'not-a-database': 'lock',
  locked: 'busy',
};

export function faultOf(error: unknown): EditedFileFault {
  if (error instanceof Fault) return error.fault;
  const found = fileFaultOf(error);
  const fault = found && faults[found];
  if (fault === undefined) throw error;
  return fault;
}
