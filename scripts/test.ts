// `npm test`: `npm run check`, every test, then the controls: those of changed files, or all of them with CI=true.
// If something that a suite needs is missing, it says so and how to get it; with CI=true that is a failure.
//   npm test -- PATTERN            only the test files with the pattern in their path
//   npm test -- controls [PATTERN] only the controls: all, or those of a list, a program file or a test file
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { getOauth2Proxy } from '../demo/oauth2-proxy.ts';
import {
  changedFiles,
  type ListedControl,
  ofChangedFiles,
  ofPattern,
  readControls,
} from '../test/support/chosen-controls.ts';
import { runControls } from '../test/support/controls.ts';

const startedAt = Date.now();
const root = resolve(import.meta.dirname, '..');
const [pattern, controlPattern] = process.argv.slice(2);
const isWhole = pattern === undefined;
const onlyControls = pattern === 'controls';
// Most tests wait for other processes, so two at a time keep a core busy.
const concurrency = availableParallelism() * 2;

const write = (line: string) => process.stdout.write(`${line}\n`);

function fail(line: string, exitCode = 1): never {
  process.stderr.write(`${line}\n`);
  process.exit(exitCode);
}

const secondsSince = (began: number) => `${((Date.now() - began) / 1000).toFixed(1)} s`;

function step(name: string, command: string, args: readonly string[]): void {
  const began = Date.now();
  write(`\n— ${name}`);
  // A test that never ends must not block the machine.
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', timeout: 3_600_000 });
  if (error || status !== 0) fail(`\n${name} failed${error ? `: ${error.message}` : ''}`);
  write(`${name}: ${secondsSince(began)}`);
}

/** Prints first which controls will run. */
async function chooseControls(): Promise<ListedControl[]> {
  if (!isWhole && !onlyControls) return [];
  const all = await readControls(root);
  if (onlyControls && controlPattern !== undefined) {
    const some = ofPattern(all, controlPattern);
    if (some.length === 0) fail(`No control is of "${controlPattern}".`, 2);
    write(`Controls: ${some.length} of ${all.length}, those of "${controlPattern}".`);
    return some;
  }
  const changed = onlyControls || process.env['CI'] === 'true' ? undefined : changedFiles(root);
  if (!changed) {
    write(`Controls: all ${all.length}.`);
    return all;
  }
  const some = ofChangedFiles(all, changed.files);
  write(
    `Controls: ${some.length} of ${all.length}, those of files that changed since ${changed.since}; CI=true runs all.`,
  );
  return some;
}

async function tryControls(controls: readonly ListedControl[]): Promise<void> {
  const began = Date.now();
  write('\n— controls');
  let refused = 0;
  await runControls({
    root,
    controls,
    workers: concurrency,
    onVerdict: ({ control: { invariant, defence }, refusal, ms }) => {
      write(`${refusal === undefined ? '✔' : '✖'} ${invariant}: ${defence} (${Math.round(ms)} ms)`);
      if (refusal === undefined) return;
      refused += 1;
      write(refusal.replace(/^/gm, '    '));
    },
  });
  if (refused > 0) fail(`\ncontrols failed: ${refused} of ${controls.length} prove nothing`);
  write(`controls: ${controls.length} in ${secondsSince(began)}`);
}

function testFiles(): string[] {
  const files = globSync(['src/**/*.test.ts', 'views/**/*.test.ts', 'test/**/*.test.ts']).filter(
    (file) => isWhole || file.includes(pattern),
  );
  // Without files node would search for some itself, and run everything.
  if (files.length === 0) fail(`No test file has "${pattern}" in its path.`, 2);
  return files.sort();
}

const controls = await chooseControls();
if (isWhole) {
  step('check', process.execPath, ['scripts/check.ts']);
  step('lockfile', process.execPath, ['scripts/lockfile-gaps.ts']);
}
await getOauth2Proxy(write);
// Hundreds of processes load the same files: each reuses what another has compiled.
const compiled = mkdtempSync(join(tmpdir(), 'gatehouse-compiled-'));
process.env['NODE_COMPILE_CACHE'] = compiled;
process.on('exit', () => rmSync(compiled, { recursive: true, force: true }));
if (!onlyControls) {
  const args = ['--test', `--test-concurrency=${concurrency}`, '--test-timeout=180000'];
  step('tests', process.execPath, [...args, ...testFiles()]);
}
if (controls.length > 0) await tryControls(controls);
write(`\nAll is well after ${Math.round((Date.now() - startedAt) / 1000)} s.`);
