// Why the allow-list cannot be read or written; whatever is not foreseen here is thrown on.

export type FileFault =
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
  | 'busy';

export class Fault extends Error {
  readonly fault: FileFault;
  constructor(fault: FileFault) {
    super(fault);
    this.fault = fault;
  }
}

const faults: Readonly<Record<string, FileFault>> = {
  ENOENT: 'no-folder',
  ENOTDIR: 'no-folder',
  EROFS: 'read-only',
  EACCES: 'no-rights',
  EPERM: 'no-rights',
  ELOOP: 'not-a-file',
  // A file that is a mount of its own cannot be renamed over.
  EBUSY: 'mounted-alone',
  EXDEV: 'mounted-alone',
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
};

export function faultOf(error: unknown): FileFault {
  if (error instanceof Fault) return error.fault;
  const fault = faults[(error as NodeJS.ErrnoException).code ?? ''];
  if (fault === undefined) throw error;
  return fault;
}
