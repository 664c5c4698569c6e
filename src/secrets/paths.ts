// The names of the files around a .env file, in the current system's path syntax. Pure.
import nodePath, { type PlatformPath } from 'node:path';

type Paths = Pick<PlatformPath, 'basename' | 'dirname' | 'join'>;

/** The example that a new file is created from. */
export function exampleBeside(path: string, { dirname, join }: Paths = nodePath): string {
  return join(dirname(path), '.env.example');
}

/** The example is public, so it must not contain secrets; Windows and macOS treat `.ENV.EXAMPLE` as the same file. */
export function isExample(path: string, { basename }: Paths = nodePath): boolean {
  return basename(path).toLowerCase() === '.env.example';
}

/** The `count`th copy made in that second; `.env.*` is ignored by git. @param at milliseconds */
export function backupBeside(
  path: string,
  at: number,
  count: number,
  { basename, dirname, join }: Paths = nodePath,
): string {
  const instant = new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');
  return join(dirname(path), `${basename(path)}.backup-${instant}${count > 1 ? `-${count}` : ''}`);
}

/** Whether a directory entry is named like a copy of `path` made by this program. */
export function isBackupOf(path: string, entry: string, { basename }: Paths = nodePath): boolean {
  const name = basename(path);
  return entry.startsWith(name) && /^\.backup-\d{8}T\d{6}Z(-\d+)?$/.test(entry.slice(name.length));
}
