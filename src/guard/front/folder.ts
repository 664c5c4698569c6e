// Keeps a folder in step with what the front should include. It touches only files that begin with its own line: a file that somebody
// else wrote is neither replaced nor removed.
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { FileRefused, naming } from '../../files/file-refused.ts';
import { withLock } from '../../store/file-lock.ts';
import { foreignOwner, removeDeadTemporaries, replaceFile } from '../../store/replace-file.ts';
import type { FrontFile } from './input.ts';

export interface FolderChanges {
  /** Names of files, in the order in which they were given. */
  readonly written: readonly string[];
  readonly removed: readonly string[];
}

export type FolderOutcome =
  | FolderChanges
  /** A file of that name is there, and Gatehouse did not write it. Nothing was changed. */
  | { readonly foreign: string }
  /** Somebody else is writing to the folder. */
  | { readonly busy: true };

export interface FolderTask {
  /** Created if it is missing, with mode 0700. */
  readonly folder: string;
  /** Each begins with `ownLine`. */
  readonly files: readonly FrontFile[];
  /** The first line of every file that is ours. */
  readonly ownLine: string;
  /** Whether `files` are all that there should be: others of ours are removed. */
  readonly isWhole: boolean;
}

const lockWaitMs = 3000;

/** Writes what changed, each file atomically and with mode 0600, for the owner of the folder. @throws FileRefused */
export async function keepInStep(task: FolderTask): Promise<FolderOutcome> {
  const { folder } = task;
  naming({ path: folder }, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Whoever else can write there could put a front of his own in place.
    if (process.platform !== 'win32' && (statSync(folder).mode & 0o022) !== 0)
      throw new FileRefused({ path: folder }, 'open-to-others');
  });
  const done = await withLock(join(folder, '.gatehouse'), lockWaitMs, () => change(task));
  return 'value' in done ? done.value : done;
}

function change({ folder, files, ownLine, isWhole }: FolderTask): FolderOutcome {
  const found = readdirSync(folder);
  const present = new Map(
    files.map(({ name }) => [name, found.includes(name) ? read(join(folder, name)) : undefined]),
  );
  for (const [name, text] of present) {
    if (found.includes(name) && !text?.startsWith(ownLine)) return { foreign: name };
  }
  const changed = files.filter(
    ({ name, text }) => present.get(name) !== text || isReadable(join(folder, name)),
  );
  for (const { name, text } of changed) {
    const path = join(folder, name);
    removeDeadTemporaries(path);
    const owner = foreignOwner(path) ?? foreignOwner(folder);
    naming({ path }, () => replaceFile(path, Buffer.from(text), { owner }));
  }
  const gone = isWhole
    ? found.filter((name) => !present.has(name) && read(join(folder, name))?.startsWith(ownLine))
    : [];
  for (const name of gone) naming({ path: join(folder, name) }, () => unlinkSync(join(folder, name)));
  return { written: changed.map(({ name }) => name), removed: gone };
}

/** undefined if it is no ordinary file: a link may point anywhere. */
function read(path: string): string | undefined {
  if (!lstatSync(path).isFile()) return undefined;
  return naming({ path }, () => readFileSync(path, 'utf8'));
}

function isReadable(path: string): boolean {
  return process.platform !== 'win32' && (lstatSync(path).mode & 0o077) !== 0;
}
