// `npm test`: everything, in order: types, lint, dead code, generated documents, then every test.
// What a suite needs and cannot find, it names, with the way to get it; with CI=true that is a failure.
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getOauth2Proxy } from '../demo/oauth2-proxy.ts';

const startedAt = Date.now();

function step(name: string, command: string, args: readonly string[]): void {
  const began = Date.now();
  process.stdout.write(`\n— ${name}\n`);
  // A test that never ends must not hold a whole machine.
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', timeout: 3_600_000 });
  if (error || status !== 0) {
    process.stderr.write(`\n${name} failed${error ? `: ${error.message}` : ''}\n`);
    process.exit(1);
  }
  process.stdout.write(`${name}: ${((Date.now() - began) / 1000).toFixed(1)} s\n`);
}

const bin = (name: string) => `node_modules/.bin/${name}`;
const [pattern] = process.argv.slice(2);
if (!pattern) {
  step('types', bin('tsc'), []);
  step('format, lint and imports', bin('biome'), ['check', '--error-on-warnings', '.']);
  step('lint with types', bin('oxlint'), ['--type-aware', '--deny-warnings']);
  step('dead code', bin('knip'), []);
  step('generated documents', process.execPath, ['scripts/generate-docs.ts', '--check']);
  step('lockfile', process.execPath, ['scripts/lockfile-gaps.ts']);
}
await getOauth2Proxy((line) => process.stdout.write(`${line}\n`));
const files = globSync(['src/**/*.test.ts', 'views/**/*.test.ts', 'test/**/*.test.ts']).filter(
  (file) => !pattern || file.includes(pattern),
);
// Without files node would look for some itself, and run everything.
if (files.length === 0) {
  process.stderr.write(`No test file has "${pattern}" in its path.\n`);
  process.exit(2);
}
// Hundreds of processes load the same files: what one has compiled serves the others.
const compiled = mkdtempSync(join(tmpdir(), 'gatehouse-compiled-'));
process.env['NODE_COMPILE_CACHE'] = compiled;
process.on('exit', () => rmSync(compiled, { recursive: true, force: true }));
step('tests', process.execPath, ['--test', '--test-concurrency=4', '--test-timeout=180000', ...files.sort()]);
process.stdout.write(`\nAll is well after ${Math.round((Date.now() - startedAt) / 1000)} s.\n`);
