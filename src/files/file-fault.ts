// Words for errors of the file system and SQLite: which file, the setting that names it, what is wrong and what to do.
// The only place for them. They never quote contents, so they can be printed and logged.

export type FileFault =
  | 'no-access'
  | 'read-only'
  | 'full'
  | 'quota'
  | 'missing'
  | 'folder'
  | 'not-a-folder'
  | 'not-a-file'
  | 'link'
  | 'mounted'
  | 'too-many-open'
  | 'cannot-open'
  | 'damaged'
  | 'not-a-database'
  | 'locked'
  | 'broken-disk'
  | 'replaced'
  | 'not-yours'
  | 'open-to-others';

export const faultByCode: Readonly<Record<string, FileFault>> = {
  EACCES: 'no-access',
  EPERM: 'no-access',
  EROFS: 'read-only',
  ENOSPC: 'full',
  EFBIG: 'full',
  EDQUOT: 'quota',
  ENOENT: 'missing',
  EISDIR: 'folder',
  ENOTDIR: 'not-a-folder',
  EEXIST: 'not-a-folder',
  ELOOP: 'link',
  EBUSY: 'mounted',
  EXDEV: 'mounted',
  EMFILE: 'too-many-open',
  ENFILE: 'too-many-open',
  EIO: 'broken-disk',
  ESTALE: 'broken-disk',
  ENXIO: 'not-a-file',
  ENODEV: 'not-a-file',
};

/** By SQLite's primary result code, the low byte of the result (https://www.sqlite.org/rescode.html). */
export const faultByResult: Readonly<Record<number, FileFault>> = {
  5: 'locked',
  6: 'locked',
  8: 'read-only',
  10: 'broken-disk',
  11: 'damaged',
  13: 'full',
  14: 'cannot-open',
  15: 'locked',
  26: 'not-a-database',
};
/** READONLY_DBMOVED, an extended code: the file was renamed or removed under the connection. */
export const movedResult = 1032;

const words: Readonly<Record<FileFault, readonly [wrong: string, mend: string]>> = {
  'no-access': [
    'may not be read or written by the user that runs this',
    'give that user the file and its folder (chown), or run this as their owner',
  ],
  'read-only': [
    'cannot be written: it, its folder or the file system is read-only',
    'mount it writable (without `:ro` or `read_only`), and check the owner and mode of the file and its folder',
  ],
  full: ['cannot be written: the disk is full', 'free some space there; what was written before is whole'],
  quota: [
    'cannot be written: the disk quota of this user is used up',
    'free some space or raise the quota; what was written before is whole',
  ],
  missing: ['is not there', 'make it, or name the right one'],
  folder: ['is a folder where a file is wanted', 'move the folder away, or name the right file'],
  'not-a-folder': [
    'is in the way: a folder is wanted there, or a part of its path is no folder',
    'move what is there away, or name another place',
  ],
  'not-a-file': ['is not an ordinary file', 'name an ordinary file'],
  link: [
    'is a symbolic link, or its links lead round in a circle',
    'put the file itself there, or name the place that the link leads to',
  ],
  mounted: [
    'cannot be replaced, since it is mounted by itself',
    'mount the folder that it is in instead of the single file, or change it where it really lies',
  ],
  'too-many-open': [
    'cannot be opened: too many files are open',
    'raise the limit (`ulimit -n`, LimitNOFILE= of systemd, `ulimits` of Compose) and restart',
  ],
  'cannot-open': ['cannot be opened as a database', 'check its owner and mode, and those of its folder'],
  damaged: [
    'is damaged',
    'stop Gatehouse, keep a copy of it, and put a backup in its place; without one move it away, and begin anew',
  ],
  'not-a-database': [
    'is not a database of Gatehouse, or its beginning was overwritten',
    'stop Gatehouse and put the right file in its place; without one move this one away, and begin anew',
  ],
  locked: ['is locked by another program', 'end the other program, and try again'],
  'broken-disk': [
    'cannot be read or written: the system reports an error of the disk',
    'look at the system’s log and at the space on that disk; where it fails, put a backup on one that works',
  ],
  'not-yours': [
    'belongs to another user, who could read and change it',
    'give it to the user that runs this (chown), or move it away',
  ],
  'open-to-others': [
    'may be written by other users of this machine, and the user that runs this may not change that',
    'as its owner run `chmod go-w` on it, or give it to the user that runs this (chown)',
  ],
  replaced: [
    'is no longer the file that was opened: it was removed, moved or replaced while Gatehouse runs',
    'put the file back, or restart Gatehouse to use what is there now',
  ],
};

/** A file and the setting (or option) that names it; `setting` is absent if the path says enough. */
export interface NamedFile {
  readonly path: string;
  readonly setting?: string;
}

/** One line without a full stop: file, setting, what is wrong, what to do. */
export function fileWords({ path, setting }: NamedFile, fault: FileFault): string {
  const [wrong, mend] = words[fault];
  return `${path}${setting === undefined ? '' : ` (${setting})`} ${wrong}: ${mend}`;
}

/** What is wrong and what to do, to follow a name. */
export function faultAdvice(fault: FileFault): string {
  return words[fault].join(': ');
}

/** Only what is wrong, to follow a name. */
export function faultWords(fault: FileFault): string {
  return words[fault][0];
}

/** What to do about it. */
export function mendWords(fault: FileFault): string {
  return words[fault][1];
}
