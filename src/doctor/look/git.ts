// Asks git whether it tracks `.env` and its copies, and whether it ignores `.env`. Changes nothing.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import ignore from 'ignore';
import type { Files } from '../deployment.ts';

type GitFacts = Pick<Files, 'git' | 'gitIgnores'>;

const patienceMs = 5_000;

/**
 * @param path of `.env`, which need not exist
 * @param copies the names of its copies in the same folder
 * @param program the git executable
 */
export async function lookAtGit(path: string, copies: readonly string[], program = 'git'): Promise<GitFacts> {
  const file = resolve(path);
  const folder = dirname(file);
  const root = rootOf(folder);
  if (root === undefined) {
    const none = { missing: 'this folder is not in a git repository' };
    return { git: none, gitIgnores: none };
  }
  const name = basename(file);
  const [listed, ignored] = await Promise.all([
    run(program, folder, ['--literal-pathspecs', 'ls-files', '-z', '--cached', '--', name, ...copies]),
    run(program, folder, ['check-ignore', '--quiet', '--no-index', '--', name]),
  ]);
  if (listed === 'not installed' || ignored === 'not installed') {
    return {
      git: { missing: 'git is not installed here, and only git knows what it tracks', unread: true },
      gitIgnores: { found: ignoredByFiles(file, root) },
    };
  }
  const known = new Set(listed.output.split('\0'));
  return {
    git:
      listed.code === 0
        ? { found: { tracked: known.has(name), trackedCopies: copies.filter((copy) => known.has(copy)) } }
        : refused(listed.code),
    gitIgnores:
      ignored.code === 0 || ignored.code === 1 ? { found: ignored.code === 0 } : refused(ignored.code),
  };
}

function refused(code: number): { readonly missing: string; readonly unread: true } {
  // 128 is also the exit code in a folder that belongs to another user.
  return { missing: `git would not answer here (${code}); run \`git status\` in this folder`, unread: true };
}

function rootOf(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

function run(
  program: string,
  folder: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly output: string } | 'not installed'> {
  // These options keep git from running a program named in the repository's configuration, and from writing anything.
  const options = ['--no-optional-locks', '-c', 'core.fsmonitor=false', '-C', folder];
  const kept = ['PATH', 'HOME', 'XDG_CONFIG_HOME', 'SystemRoot'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return new Promise((settle) => {
    // Passes nothing else of this environment on: it holds every secret, and GIT_DIR would point elsewhere.
    execFile(
      program,
      [...options, ...args],
      { timeout: patienceMs, env: { ...Object.fromEntries(kept), LC_ALL: 'C' }, maxBuffer: 1_048_576 },
      (error, output) => {
        if (error?.code === 'ENOENT') settle('not installed');
        else settle({ code: error ? (typeof error.code === 'number' ? error.code : -1) : 0, output });
      },
    );
  });
}

/** Evaluates the .gitignore files from the root of the repository down to the folder; deeper ones take precedence. */
function ignoredByFiles(file: string, root: string): boolean {
  const folders = relative(root, dirname(file)).split(sep).filter(Boolean);
  const places = [root, ...folders.map((_folder, i) => join(root, ...folders.slice(0, i + 1)))];
  let ignored = false;
  for (const [list, base] of [
    [join(root, '.git', 'info', 'exclude'), root] as const,
    ...places.map((place) => [join(place, '.gitignore'), place] as const),
  ]) {
    if (!existsSync(list)) continue;
    const found = ignore().add(readFileSync(list, 'utf8')).test(relative(base, file).split(sep).join('/'));
    if (found.ignored || found.unignored) ignored = found.ignored;
  }
  return ignored;
}
