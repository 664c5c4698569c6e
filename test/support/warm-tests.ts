// Runs tests of one file several times in this process. Each run reloads the changed file and everything that imports it; all other
// modules are loaded once. The control runner starts it with the test file as argument and sends the runs over IPC.
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { registerHooks } from 'node:module';
import { after, suite } from 'node:test';
import { pathToFileURL } from 'node:url';
import { collect, declareAll, select } from './collected-tests.ts';
import './endings.ts';

/** One run. Its tests are reported in a suite called `name`. */
export interface WarmRun {
  readonly name: string;
  /** Regular expressions on full names of tests. */
  readonly tests: readonly string[];
  /** The changed file, relative to the root; absent: none. */
  readonly changed?: string;
}

/** Sent with an empty name once the unchanged file is loaded, and with the name of a run whose tests could not be loaded. */
export interface WarmAnswer {
  readonly name: string;
  readonly fault?: string;
}

const root = `${pathToFileURL(process.cwd()).href}/`;
const testFile = new URL(process.argv[2] ?? '', root).href;
const collected = import.meta.resolve('./collected-tests.ts');

/** For each module, the modules that import it, in any run. */
const importers = new Map<string, Set<string>>();
/** For each run, the modules that it reloads. */
const reloaded = new Map<string, ReadonlySet<string>>();

const runMark = '?run=';
const moduleOf = (url: string) => url.split(runMark, 1)[0] ?? url;
const runOf = (url: string) => url.split(runMark)[1];

registerHooks({
  resolve(specifier, context, next) {
    const parent = context.parentURL ?? '';
    if (specifier === 'node:test' && parent !== collected && parent !== import.meta.url) {
      return next(collected, context);
    }
    const resolved = next(specifier, context);
    if (!resolved.url.startsWith(root)) return resolved;
    const module = moduleOf(resolved.url);
    const isKnown = importers.has(module);
    const known = importers.get(module) ?? new Set();
    importers.set(module, known.add(moduleOf(parent)));
    const run = runOf(parent);
    if (run === undefined || module === collected) return resolved;
    const isReloaded = !isKnown || reloaded.get(run)?.has(module);
    return isReloaded ? { ...resolved, url: `${module}${runMark}${run}` } : resolved;
  },
});

/** The module and all modules that import it, directly or not. */
function dependants(module: string): ReadonlySet<string> {
  const found = new Set([module, testFile]);
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

const send = (answer: WarmAnswer) => process.send?.(answer);

const unchanged = collect(() => import(testFile));
unchanged.then(
  () => send({ name: '' }),
  (error: unknown) => send({ name: '', fault: String(error) }),
);

async function run({ name, tests, changed }: WarmRun): Promise<void> {
  let declared = await unchanged;
  if (changed !== undefined) {
    reloaded.set(name, dependants(new URL(changed, root).href));
    declared = await collect(() => import(`${testFile}${runMark}${name}`));
  }
  const patterns = tests.map((test) => new RegExp(test));
  suite(name, () => {
    declareAll(select(declared, patterns));
    after(() => {
      for (const child of children) child.kill('SIGKILL');
    });
  });
}

process.on('disconnect', () => process.exit());
process.on('message', (asked: WarmRun) => {
  run(asked).catch((error: unknown) => send({ name: asked.name, fault: String(error) }));
});
