// The one copy of the file before the change, mode 0600 and dated. Only copies that this program named are ever removed.
import { existsSync, lstatSync, readdirSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile } from '../store/replace-file.ts';
import type { OnDisk } from './disk.ts';
import { backupBeside, isBackupOf } from './paths.ts';

/** @param now milliseconds. @returns the path of the copy */
export function backUp(path: string, { bytes, owner }: OnDisk, now: number): string {
  for (let count = 1; ; count++) {
    const backup = backupBeside(path, now, count);
    if (replaceFile(backup, bytes, { owner, isUnchanged: () => !existsSync(backup) })) return backup;
  }
}

/** Removes the copies of earlier runs. @returns how many were removed */
export function dropOlderBackups(path: string, kept: string): number {
  const folder = dirname(path);
  const older = readdirSync(folder)
    .filter((entry) => isBackupOf(path, entry))
    .map((entry) => join(folder, entry))
    .filter((backup) => backup !== kept && lstatSync(backup).isFile());
  for (const backup of older) unlinkSync(backup);
  return older.length;
}
