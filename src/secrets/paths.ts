// The names of the files around a .env file, as the system at hand writes paths. Pure.
import nodePath, { type PlatformPath } from 'node:path';

type Paths = Pick<PlatformPath, 'basename' | 'dirname' | 'join'>;

/** The example that a new file is made from. */
export function exampleBeside(path: string, { dirname, join }: Paths = nodePath): string {
  return join(dirname(path), '.env.example');
}

/** Shared with everyone, so that no secret belongs there; Windows and macOS do not tell `.ENV.EXAMPLE` from it. */
export function isExample(path: string, { basename }: Paths = nodePath): boolean {
  return basename(path).toLowerCase() === '.env.example';
}

/** The `count`th copy that is made in that second; `.env.*` is ignored by git. @param at milliseconds */
export function backupBeside(
  path: string,
  at: number,
  count: number,
  { basename, dirname, join }: Paths = nodePath,
): string {
  const instant = new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');
  return join(dirname(path), `${basename(path)}.backup-${instant}${count > 1 ? `-${count}` : ''}`);
}

/** Whether an entry of the folder has the name of a copy of `path` that this program made. */
export function isBackupOf(path: string, entry: string, { basename }: Paths = nodePath): boolean {
  const name = basename(path);
  return entry.startsWith(name) && /^\.backup-\d{8}T\d{6}Z(-\d+)?$/.test(entry.slice(name.length));
}
