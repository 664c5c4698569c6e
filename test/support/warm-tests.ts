// Runs test files in this process, one run at a time; its parent sends the runs over IPC. Modules are loaded once and shared by all runs,
// except those that declare tests or hooks, and for a run with a changed file that file and everything that imports it.
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { registerHooks } from 'node:module';
import { after, suite } from 'node:test';
import { pathToFileURL } from 'node:url';
import { collect, type Declared, declareAll, select } from './collected-tests.ts';
import './endings.ts';

/** One run. Its tests are reported in a suite called `name`. */
export interface WarmRun {
  readonly name: string;
  /** The test file, relative to the root. */
  readonly file: string;
  /** Regular expressions on full names of tests; absent: all tests. */
  readonly tests?: readonly string[];
  /** A file that has changed since the process started, relative to the root; absent: none. */
  readonly changed?: string;
}

/** Sent if the tests of the run called `name` cannot be loaded. */
export interface WarmFault {
  readonly name: string;
  readonly fault: string;
}

const root = `${pathToFileURL(process.cwd()).href}/`;
const collected = import.meta.resolve('./collected-tests.ts');
const runMark = '?run=';
const moduleOf = (url: string) => url.split(runMark, 1)[0] ?? url;
const runOf = (url: string) => url.split(runMark)[1];

/** For each module, the modules that import it, in any run. */
const importers = new Map<string, Set<string>>();

interface Reload {
  readonly modules: Set<string>;
  /** Whether modules that no earlier run has loaded belong to it too. */
  readonly withNew: boolean;
}
/** For each run, the modules that it does not share. */
const reloads = new Map<string, Reload>();

/** @returns whether it is the first import of the module */
function noteImport(module: string, parent: string): boolean {
  const known = importers.get(module);
  importers.set(module, (known ?? new Set()).add(moduleOf(parent)));
  return known === undefined;
}

registerHooks({
  resolve(specifier, context, next) {
    const parent = context.parentURL ?? '';
    if (specifier === 'node:test' && parent !== collected && parent !== import.meta.url) {
      noteImport(collected, parent);
      return next(collected, context);
    }
    const resolved = next(specifier, context);
    if (!resolved.url.startsWith(root)) return resolved;
    const module = moduleOf(resolved.url);
    const isNew = noteImport(module, parent);
    const run = runOf(parent);
    const reload = run === undefined ? undefined : reloads.get(run);
    if (isNew && reload?.withNew) reload.modules.add(module);
    return reload?.modules.has(module) ? { ...resolved, url: `${module}${runMark}${run}` } : resolved;
  },
});

/** The modules and all modules that import them, directly or not. */
function withImporters(...modules: readonly string[]): Set<string> {
  const found = new Set(modules);
  for (const one of found) for (const importer of importers.get(one) ?? []) found.add(importer);
  return found;
}

/** Child processes that are still running: a test that fails may leave one that never exits. */
const children = new Set<ChildProcess>();
subscribe('child_process', (message) => {
  const { process: child } = message as { process: ChildProcess };
  children.add(child);
  child.once('exit', () => children.delete(child));
});

const unchanged = new Map<string, readonly Declared[]>();

async function load({ name, file, changed }: WarmRun): Promise<readonly Declared[]> {
  const loaded = unchanged.get(file);
  if (loaded && changed === undefined) return loaded;
  const url = new URL(file, root).href;
  const modules =
    changed === undefined ? withImporters(collected) : withImporters(url, new URL(changed, root).href);
  reloads.set(name, { modules, withNew: changed !== undefined });
  const declared = await collect(() => import(`${url}${runMark}${name}`));
  if (changed === undefined) unchanged.set(file, declared);
  return declared;
}

async function run(asked: WarmRun): Promise<void> {
  const { name, tests = [''] } = asked;
  const selected = select(
    await load(asked),
    tests.map((test) => new RegExp(test)),
  );
  suite(name, () => {
    declareAll(selected);
    after(() => {
      for (const child of children) child.kill('SIGKILL');
    });
  });
}

process.on('disconnect', () => process.exit());
process.on('message', (asked: WarmRun) => {
  run(asked).catch((error: unknown) => {
    process.send?.({ name: asked.name, fault: String(error) } satisfies WarmFault);
  });
});
