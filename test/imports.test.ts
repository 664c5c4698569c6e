// Who may import whom (CONTRIBUTING.md, 2): rooms know what is below them, and siblings never meet.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, normalize } from 'node:path';
import { test } from 'node:test';

const ground = ['files', 'config', 'crypto', 'store', 'views'];
/** What a room may import besides itself. A room that is not named is a feature. */
const allowed: Record<string, readonly string[]> = {
  files: [],
  config: ['files'],
  crypto: [],
  store: ['files'],
  views: [],
  http: ['crypto', 'views'],
  audit: ['files', 'crypto', 'store'],
  secrets: ['files', 'config', 'crypto', 'store'],
};
const feature = [...ground, 'http', 'audit'];
const roots = new Set([
  'src/app.ts',
  'src/main.ts',
  'src/serve.ts',
  'src/desk.ts',
  'src/desk-routes.ts',
  'src/open-record.ts',
  'src/open-outbound.ts',
  'src/open-store.ts',
  'src/privacy-routes.ts',
  'src/record-routes.ts',
  'src/keys-routes.ts',
  'src/reload.ts',
  'src/routes.ts',
  'src/vault-routes.ts',
  'src/library-routes.ts',
  'src/library-child.ts',
  'src/look-at-deployment.ts',
  'src/checkup-routes.ts',
  'src/emergency.ts',
  'src/vault-of.ts',
  'src/open-confluence.ts',
]);

/** Commands are roots too, but only main.ts, which starts them, and other commands know them. */
const isCommand = (file: string) => file.startsWith('src/commands/');

function roomOf(file: string): string {
  if (file.startsWith('views/')) return 'views';
  return file.split('/')[1] ?? '';
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const paths = [...text.matchAll(/(?:from|import\()\s*'(\.{1,2}\/[^']+)'/g)].map(([, path]) => path ?? '');
  return paths.map((path) => normalize(`${dirname(file)}/${path}`));
}

function faults(file: string, imports: readonly string[]): string[] {
  const isRoot = roots.has(file) || isCommand(file);
  return imports.flatMap((imported) => {
    if (roots.has(imported) && !isRoot) return [`${file} imports ${imported}: nobody imports a root`];
    if (isCommand(imported) && !isCommand(file) && file !== 'src/main.ts')
      return [`${file} imports ${imported}: only main.ts starts a command`];
    if (isRoot) return [];
    const [from, to] = [roomOf(file), roomOf(imported)];
    if (from === to || (allowed[from] ?? feature).includes(to)) return [];
    return [`${file} imports ${imported}: ${from} may not know ${to}`];
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
  assert.equal(faults('src/gate/x.ts', ['src/sessions/admit.ts']).length, 1);
  assert.equal(faults('src/http/x.ts', ['src/store/contract.ts']).length, 1);
  assert.equal(faults('src/crypto/x.ts', ['views/html.ts']).length, 1);
  assert.equal(faults('src/gate/x.ts', ['src/app.ts']).length, 1);
  assert.equal(faults('src/serve.ts', ['src/commands/store.ts']).length, 1);
  assert.equal(faults('src/gate/x.ts', ['src/commands/terminal.ts']).length, 1);
  assert.equal(faults('src/gate/x.ts', ['src/http/log.ts', 'views/html.ts']).length, 0);
});
