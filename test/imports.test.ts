// Who may import whom (CONTRIBUTING.md, 2): a module imports what is below it; features import only types from each other; there are no
// import cycles of any length.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, normalize } from 'node:path';
import { test } from 'node:test';

const ground = ['files', 'config', 'crypto', 'store', 'views'];
/** What a module may import besides itself. A module that is not listed is a feature. */
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
/** The guard applies the rules of sessions to other apps. */
allowed['guard'] = [...feature, 'gate', 'sessions'];
/** The modules that put the features together, top to bottom. Each may import those after it, and every feature. */
const roots = ['main.ts', 'commands', 'app.ts', 'wiring'];

function moduleOf(file: string): string {
  if (file.startsWith('views/')) return 'views';
  return file.split('/')[1] ?? '';
}

interface Import {
  readonly path: string;
  /** `import type`, which is erased before the program runs. */
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(
    /(?:(?:import|export)( type)?[^;'"]*?from\s*|import\s*|import\(\s*)'(\.{1,2}\/[^']+)'/g,
  );
  return [...found].map(([, type, path = '']) => ({
    path: normalize(`${dirname(file)}/${path}`),
    typeOnly: type !== undefined,
  }));
}

const isFeature = (name: string) => !(name in allowed) && !feature.includes(name) && !roots.includes(name);

function faults(file: string, imports: readonly Import[]): string[] {
  const [from, rank] = [moduleOf(file), roots.indexOf(moduleOf(file))];
  return imports.flatMap(({ path: imported, typeOnly }) => {
    const to = moduleOf(imported);
    if (typeOnly && isFeature(from) && isFeature(to)) return [];
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

test('every import points in an allowed direction', () => {
  assert.ok(files.length > 40);
  assert.deepEqual(
    files.flatMap((file) => faults(file, importsOf(file))),
    [],
  );
});

test('no files import each other in a circle', () => {
  const imports = new Map(files.map((file) => [file, importsOf(file).map(({ path }) => path)]));
  assert.equal(circleIn(imports), undefined);
});

/** The first import cycle found, as the files along it. */
function circleIn(imports: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const done = new Set<string>();
  const search = (file: string, way: readonly string[]): readonly string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of imports.get(file) ?? []) {
      const circle = search(next, [...way, file]);
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const circle = search(file, []);
    if (circle) return circle;
  }
  return undefined;
}

test('the checks detect forbidden imports', () => {
  const ways = (file: string, path: string, typeOnly = false) => faults(file, [{ path, typeOnly }]).length;
  assert.equal(ways('src/gate/x.ts', 'src/sessions/admission/admit.ts'), 1);
  assert.equal(ways('src/gate/x.ts', 'src/sessions/admission/admit.ts', true), 0);
  assert.equal(ways('src/http/x.ts', 'src/store/contract.ts'), 1);
  assert.equal(ways('src/store/x.ts', 'src/gate/revocation.ts', true), 1);
  assert.equal(ways('src/crypto/x.ts', 'views/html.ts'), 1);
  assert.equal(ways('src/gate/x.ts', 'src/app.ts', true), 1);
  assert.equal(ways('src/wiring/x.ts', 'src/app.ts'), 1);
  assert.equal(ways('src/app.ts', 'src/wiring/x.ts'), 0);
  assert.equal(ways('src/gate/x.ts', 'src/http/log.ts'), 0);
  const circle = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['b']],
  ]);
  assert.deepEqual(circleIn(circle), ['b', 'c', 'b']);
});
