// Which controls run: all of them, or those of the files that changed.
import { execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Control } from './controls.ts';

export interface ListedControl extends Control {
  /** The file in `test/controls` that lists it, relative to the root. */
  readonly list: string;
}

/** @param root absolute path of the program */
export async function readControls(root: string): Promise<ListedControl[]> {
  const found: ListedControl[] = [];
  for (const list of globSync('test/controls/*.ts', { cwd: root }).sort()) {
    const { controls } = (await import(join(root, list))) as { controls: readonly Control[] };
    found.push(...controls.map((control) => ({ ...control, list })));
  }
  return found;
}

/** Those whose program file, test file or list is among the changed files. */
export const ofChangedFiles = (
  controls: readonly ListedControl[],
  changed: readonly string[],
): ListedControl[] =>
  controls.filter(({ file, tests, list }) => [file, tests, list].some((path) => changed.includes(path)));

/** The controls of a list (`desk`), or those whose program file or test file has the pattern in its path. */
export const ofPattern = (controls: readonly ListedControl[], pattern: string): ListedControl[] =>
  controls.filter(
    ({ file, tests, list }) =>
      basename(list, '.ts') === pattern || file.includes(pattern) || tests.includes(pattern),
  );

/**
 * What changed since this branch left `main`: commits, the working tree and new files, relative to the root. Without a `main`, what
 * differs from HEAD. `undefined` outside a Git repository.
 */
export function changedFiles(root: string): { readonly since: string; readonly files: string[] } | undefined {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  const tryGit = (...args: string[]) => {
    try {
      return git(...args);
    } catch {
      return undefined;
    }
  };
  const base = tryGit('merge-base', 'main', 'HEAD') ?? tryGit('rev-parse', 'HEAD');
  if (base === undefined) return undefined;
  const files = [
    ...git('diff', '--name-only', '--no-renames', '-z', base).split('\0'),
    ...git('ls-files', '--others', '--exclude-standard', '-z').split('\0'),
  ].filter((file) => file !== '');
  return { since: base.slice(0, 8), files: [...new Set(files)].sort() };
}
