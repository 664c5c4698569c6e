// Puts the files that a restore has prepared in place. Once `restore.json` is in DATA_DIR the restore has happened: the next process
// finishes it, and each step can be repeated. Before that nothing was touched.
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { filesOf } from '../audit/file-disk.ts';
import { createJournalFile } from '../store/journal-file.ts';
import { removeDeadTemporaries, replaceFile } from '../store/replace-file.ts';
import {
  attachmentsFolder,
  journalFile,
  libraryFile,
  lockedFiles,
  type Place,
  storeFile,
  withSidecars,
} from './place.ts';

const pendingName = 'restore.json';
/** In DATA_DIR; if no pending restore names it, it is left over from a killed command. */
export const stagingName = /^(?:restore|backup)-[\da-f]{12}$/;
// oauth2-proxy may read it as another user in the group.
const listMode = 0o640;

interface Pending {
  readonly folder: string;
  /** The names in the archive. */
  readonly names: readonly string[];
}

export function isPending(dataDir: string): boolean {
  return existsSync(join(dataDir, pendingName));
}

/**
 * Commits the restore. Requires the exclusive lock of the place.
 * @param folder its name in DATA_DIR; every file in it is finished
 */
export function commit(dataDir: string, folder: string, names: readonly string[]): void {
  for (const name of ['', ...names]) syncPath(join(dataDir, folder, name));
  if (names.some((name) => name.startsWith('library/'))) syncPath(join(dataDir, folder, 'library'));
  replaceFile(join(dataDir, pendingName), Buffer.from(JSON.stringify({ folder, names } satisfies Pending)));
}

/** Finishes what was committed. Requires the exclusive lock. @throws what the file system or Redis refuses; must then be run again */
export async function finish(place: Place): Promise<void> {
  const { dataDir } = place;
  const { folder, names } = JSON.parse(readFileSync(join(dataDir, pendingName), 'utf8')) as Pending;
  if (!stagingName.test(folder)) throw new Error(`${join(dataDir, pendingName)} was changed by hand`);
  const from = join(dataDir, folder);
  for (const name of lockedFiles) putFile(join(from, name), join(dataDir, name), names.includes(name));
  putLibrary(from, dataDir, names.includes(libraryFile));
  if (names.includes('emails.txt')) putElsewhere(join(from, 'emails.txt'), place.emailsFile, listMode);
  if (place.logFile !== undefined) await putLog(from, place.logFile, names);
  const journal = await createJournalFile(join(dataDir, journalFile)).read();
  if (place.redis) {
    const { fillRedis } = await import('../store/fill-redis.ts');
    await fillRedis(from, journal?.id, place.redis);
  } else putFile(join(from, storeFile), join(dataDir, storeFile), true);
  syncPath(dataDir);
  rmSync(join(dataDir, pendingName));
  syncPath(dataDir);
  sweep(dataDir);
}

/** Removes what killed commands left behind. Requires the exclusive lock, and that nothing is pending. */
export function sweep(dataDir: string): void {
  removeDeadTemporaries(join(dataDir, pendingName));
  for (const name of readdirSync(dataDir))
    if (stagingName.test(name)) rmSync(join(dataDir, name), { recursive: true });
}

/** @param isThere false: the backup has no such file, so the existing one is removed */
function putFile(from: string, to: string, isThere: boolean): void {
  // Already put in place by a run that was killed later.
  if (isThere && !existsSync(from)) return;
  const [, ...sidecars] = withSidecars(to);
  for (const path of isThere ? sidecars : withSidecars(to)) rmSync(path, { force: true });
  if (isThere) renameSync(from, to);
}

function putLibrary(from: string, dataDir: string, isThere: boolean): void {
  const [made, former] = [join(from, 'library'), join(from, 'former-library')];
  const to = attachmentsFolder(dataDir);
  if (!isThere) rmSync(to, { recursive: true, force: true });
  if (existsSync(made)) {
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    if (existsSync(to)) renameSync(to, former);
    renameSync(made, to);
  }
  putFile(join(from, libraryFile), join(dataDir, libraryFile), isThere);
}

/** May be on another disk, so the source stays until everything is done. */
function putElsewhere(from: string, to: string, mode: number): void {
  mkdirSync(dirname(to), { recursive: true });
  removeDeadTemporaries(to);
  const old = statSync(to, { throwIfNoEntry: false });
  replaceFile(to, readFileSync(from), {
    mode: old ? old.mode & 0o777 : mode,
    // The group too: a file of root may be readable by oauth2-proxy's group.
    ...(old && process.geteuid?.() === 0 && { owner: { uid: old.uid, gid: old.gid } }),
  });
}

async function putLog(from: string, logFile: string, names: readonly string[]): Promise<void> {
  const made = names.filter((name) => name.startsWith('record.log'));
  const wanted = new Map(
    made.map((name) => [`${logFile}${name.slice('record.log'.length)}`, join(from, name)]),
  );
  for (const path of [...(await filesOf(logFile)), `${logFile}.torn`])
    if (!wanted.has(path)) rmSync(path, { force: true });
  for (const [to, source] of wanted) putElsewhere(source, to, 0o600);
}

function syncPath(path: string): void {
  // Windows cannot open a folder, and does not need this step.
  if (process.platform === 'win32' && statSync(path).isDirectory()) return;
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
