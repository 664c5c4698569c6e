// `npm run check`: every script `check:…` of package.json, in parallel. Prints the output of those that failed.
// `--staged`: the same for exactly what is staged, in a copy where other changes exist; the pre-commit hook runs this.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

interface Package {
  readonly scripts: Record<string, string>;
}

const root = resolve(import.meta.dirname, '..');

const names = Object.keys(
  (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Package).scripts,
).filter((name) => name.startsWith('check:'));

const { values } = parseArgs({ options: { staged: { type: 'boolean', default: false } } });
const startedAt = Date.now();
const folder = values.staged && hasOtherChanges() ? exportStaged() : root;
const failed = (await Promise.all(names.map((name) => run(name)))).filter((isFailure) => isFailure);
const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
process.stdout.write(
  failed.length > 0 ? `\n${failed.length} failed (${seconds} s)\n` : `All passed (${seconds} s)\n`,
);
process.exitCode = failed.length > 0 ? 1 : 0;

function run(name: string): Promise<boolean> {
  const began = Date.now();
  // A hook's environment names the repository: it must not lead the tools away from the copy.
  const own = Object.entries(process.env).filter(([key]) => !key.startsWith('GIT_'));
  const env = Object.fromEntries(own);
  const child = spawn(process.execPath, ['--run', name], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  return new Promise((settle) => {
    child.on('error', (error) => (output += error.message));
    child.on('close', (code) => {
      const took = `${name} (${((Date.now() - began) / 1000).toFixed(1)} s)`;
      process.stdout.write(code === 0 ? `✔ ${took}\n` : `✖ ${took}\n${output}\n`);
      settle(code !== 0);
    });
  });
}

/** Whether the working tree differs from what is staged, new files included. */
function hasOtherChanges(): boolean {
  return (
    git('diff', '--quiet').status !== 0 || git('ls-files', '--others', '--exclude-standard').stdout !== ''
  );
}

function exportStaged(): string {
  const copy = mkdtempSync(join(tmpdir(), 'gatehouse-staged-'));
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
  const { status, stderr } = git('checkout-index', '--all', `--prefix=${copy}/`);
  if (status !== 0) throw new Error(`git checkout-index: ${stderr}`);
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

function git(...args: readonly string[]) {
  return spawnSync('git', args, { cwd: root, encoding: 'utf8' });
}
