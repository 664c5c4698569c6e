// `npm test`: `npm run check`, then every test and the controls: those of changed files, or all of them with CI=true.
// If something that a suite needs is missing, it says so and how to get it; with CI=true that is a failure.
//   npm test -- PATTERN            only the test files with the pattern in their path
//   npm test -- controls [PATTERN] only the controls: all, or those of a list, a program file or a test file
//   npm test -- durations          everything, and writes test/durations.json, which decides what starts first
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
import type { Verdict } from '../test/support/controls.ts';
import type { FileResult } from '../test/support/test-files.ts';
import { runQueue, writeDurations } from '../test/support/test-queue.ts';

const startedAt = Date.now();
const root = resolve(import.meta.dirname, '..');
const [pattern, controlPattern] = process.argv.slice(2);
const keepsDurations = pattern === 'durations';
const isWhole = pattern === undefined || keepsDurations;
const onlyControls = pattern === 'controls';
// Most tests wait for other processes, so two at a time keep a core busy.
const lanes = availableParallelism() * 2;

const write = (line: string) => process.stdout.write(`${line}\n`);

function fail(line: string, exitCode = 1): never {
  process.stderr.write(`${line}\n`);
  process.exit(exitCode);
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

function step(name: string, command: string, args: readonly string[]): void {
  const began = Date.now();
  write(`\n— ${name}`);
  // A test that never ends must not block the machine.
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', timeout: 3_600_000 });
  if (error || status !== 0) fail(`\n${name} failed${error ? `: ${error.message}` : ''}`);
  write(`${name}: ${seconds(Date.now() - began)}`);
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

function testFiles(): string[] {
  if (onlyControls) return [];
  const files = globSync(['src/**/*.test.ts', 'views/**/*.test.ts', 'test/**/*.test.ts']).filter(
    (file) => isWhole || file.includes(pattern),
  );
  if (files.length === 0) fail(`No test file has "${pattern}" in its path.`, 2);
  return files.sort();
}

const failed: string[] = [];
const count = { tests: 0, skipped: 0, proven: 0 };

function reportFile({ file, tests, skipped, isGood, ms, output }: FileResult): void {
  count.tests += tests;
  count.skipped += skipped.length;
  if (!isGood) failed.push(file);
  write(`${isGood ? '✔' : '✖'} ${file}: ${tests} tests, ${skipped.length} skipped, ${seconds(ms)}`);
  if (!isGood || !isWhole) write(output);
  else for (const one of skipped) write(`    skipped: ${one}`);
}

function reportVerdict({ control: { invariant, defence }, refusal, ms }: Verdict): void {
  const name = `${invariant}: ${defence}`;
  write(`${refusal === undefined ? '✔' : '✖'} control: ${name} (${Math.round(ms)} ms)`);
  if (refusal === undefined) {
    count.proven += 1;
    return;
  }
  failed.push(`control: ${name}`);
  write(refusal.replace(/^/gm, '    '));
}

const controls = await chooseControls();
const files = testFiles();
if (isWhole) {
  step('check', process.execPath, ['scripts/check.ts']);
  step('lockfile', process.execPath, ['scripts/lockfile-gaps.ts']);
}
await getOauth2Proxy(write);
// Hundreds of processes load the same files: each reuses what another has compiled.
const compiled = mkdtempSync(join(tmpdir(), 'gatehouse-compiled-'));
process.env['NODE_COMPILE_CACHE'] = compiled;
process.on('exit', () => rmSync(compiled, { recursive: true, force: true }));

write(`\n— tests and controls, ${lanes} at once`);
const durations = await runQueue({
  root,
  files,
  controls,
  lanes,
  sharesProcesses: isWhole,
  onFile: reportFile,
  onVerdict: reportVerdict,
});
if (keepsDurations) writeDurations(root, durations);
const { tests, skipped, proven } = count;
write(
  `\n${tests} tests in ${files.length} files, ${skipped} skipped; ${proven} of ${controls.length} controls proven.`,
);
write('The slowest:');
for (const { name, ms } of durations.slice(0, 10)) write(`  ${seconds(ms).padStart(7)} ${name}`);
if (failed.length > 0) fail(`\nFailed:\n${failed.map((name) => `  ${name}`).join('\n')}`);
write(`All is well after ${Math.round((Date.now() - startedAt) / 1000)} s.`);
