// Who may import whom (CONTRIBUTING.md, 2): a module imports what is below it, and features do not import each other.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, normalize } from 'node:path';
import { test } from 'node:test';

const ground = ['files', 'config', 'crypto', 'store', 'views'];
/** What a module may import besides itself. A module that is not named is a feature. */
const allowed: Record<string, readonly string[]> = {
  files: [],
  config: ['files'],
  crypto: [],
  store: ['files', 'crypto'],
  views: [],
  http: ['crypto', 'views'],
  secrets: ['files', 'config', 'crypto', 'store'],
};
const feature = [...ground, 'http', 'audit'];
/** What puts the features together, the top one first. Each may import what stands after it, and every feature. */
const roots = ['main.ts', 'commands', 'serve.ts', 'app.ts', 'wiring'];

function moduleOf(file: string): string {
  if (file.startsWith('views/')) return 'views';
  return file.split('/')[1] ?? '';
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const paths = [...text.matchAll(/(?:from|import\()\s*'(\.{1,2}\/[^']+)'/g)].map(([, path]) => path ?? '');
  return paths.map((path) => normalize(`${dirname(file)}/${path}`));
}

function faults(file: string, imports: readonly string[]): string[] {
  const [from, rank] = [moduleOf(file), roots.indexOf(moduleOf(file))];
  return imports.flatMap((imported) => {
    const to = moduleOf(imported);
    if (from === to) return [];
    const toRank = roots.indexOf(to);
    if (toRank >= 0)
      return rank >= 0 && rank < toRank ? [] : [`${file} imports ${imported}: ${from} stands below ${to}`];
    return rank >= 0 || (allowed[from] ?? feature).includes(to)
      ? []
      : [`${file} imports ${imported}: ${from} may not know ${to}`];
  });
}

const files = globSync(['src/**/*.ts', 'views/**/*.ts']).filter((file) => !file.endsWith('.test.ts'));

test('every import points the allowed way', () => {
  assert.ok(files.length > 40);
  assert.deepEqual(
    files.flatMap((file) => faults(file, importsOf(file))),
    [],
  );
});

test('and the check sees one that does not', () => {
  assert.equal(faults('src/gate/x.ts', ['src/sessions/admission/admit.ts']).length, 1);
  assert.equal(faults('src/http/x.ts', ['src/store/contract.ts']).length, 1);
  assert.equal(faults('src/crypto/x.ts', ['views/html.ts']).length, 1);
  assert.equal(faults('src/gate/x.ts', ['src/app.ts']).length, 1);
  assert.equal(faults('src/wiring/x.ts', ['src/app.ts']).length, 1);
  assert.equal(faults('src/app.ts', ['src/wiring/x.ts', 'src/gate/x.ts']).length, 0);
  assert.equal(faults('src/gate/x.ts', ['src/http/log.ts', 'views/html.ts']).length, 0);
});
