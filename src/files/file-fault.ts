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
    'cannot be read or written by the user that runs this',
    'make that user the owner of the file and its folder (chown), or run this as their owner',
  ],
  'read-only': [
    'cannot be written: it, its folder or the file system is read-only',
    'mount it writable (without `:ro` or `read_only`), and check the owner and mode of the file and its folder',
  ],
  full: ['cannot be written: the disk is full', 'free some space there; what was written before is intact'],
  quota: [
    'cannot be written: the disk quota of this user is used up',
    'free some space or raise the quota; what was written before is intact',
  ],
  missing: ['does not exist', 'create it, or name the right one'],
  folder: ['is a folder, but must be a file', 'move the folder away, or name the right file'],
  'not-a-folder': [
    'is in the way: it must be a folder, or a part of its path is not a folder',
    'move it away, or name another place',
  ],
  'not-a-file': ['is not a regular file', 'name a regular file'],
  link: [
    'is a symbolic link, or its links form a loop',
    'put the file itself there, or name the target of the link',
  ],
  mounted: [
    'cannot be replaced, since it is mounted as a single file',
    'mount its folder instead of the single file, or change it where it is stored',
  ],
  'too-many-open': [
    'cannot be opened: too many files are open',
    'raise the limit (`ulimit -n`, LimitNOFILE= of systemd, `ulimits` of Compose) and restart',
  ],
  'cannot-open': ['cannot be opened as a database', 'check its owner and mode, and those of its folder'],
  damaged: [
    'is damaged',
    'stop Gatehouse, keep a copy of it, and restore a backup; without one move it away, and start afresh',
  ],
  'not-a-database': [
    'is not a database of Gatehouse, or its beginning was overwritten',
    'stop Gatehouse and put the right file in its place; without one move this one away, and start afresh',
  ],
  locked: ['is locked by another program', 'stop the other program, and try again'],
  'broken-disk': [
    'cannot be read or written: the system reports a disk error',
    'check the system’s log and the free space on that disk; if the disk is failing, restore a backup to another one',
  ],
  'not-yours': [
    'belongs to another user, who could read and change it',
    'make the user that runs this its owner (chown), or move it away',
  ],
  'open-to-others': [
    'can be written by other users of this machine, and the user that runs this cannot change that',
    'run `chmod go-w` on it as its owner, or make the user that runs this its owner (chown)',
  ],
  replaced: [
    'is no longer the file that was opened: it was removed, moved or replaced while Gatehouse was running',
    'put the file back, or restart Gatehouse to use the current one',
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
