// A copy of the program in which controls switch off one defence at a time, and the tests that run in it.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestEnd } from './control-reporter.ts';
import { startTestProcess, type TestProcess } from './test-process.ts';
import type { WarmAnswer, WarmRun } from './warm-tests.ts';

const copied = [
  'src',
  'views',
  'public',
  'demo',
  'test',
  'docs',
  'scripts',
  'generate-secrets.ts',
  'package.json',
  'tsconfig.json',
  'oauth2-proxy.cfg',
  'gate-pages',
  'docker-compose.yml',
  'Dockerfile',
  'docker-compose.confluence.yml',
  'docker-compose.rolling.yml',
];

export interface TestFile {
  /** Relative to the root of the program. */
  readonly file: string;
  readonly store: 'sqlite' | 'redis';
}

export interface TestRun extends TestFile {
  /** Regular expressions on the full name; tests that match none of them do not run. */
  readonly names: readonly string[];
}

export interface TestOutcome {
  readonly ends: readonly TestEnd[];
  /** The end of everything else that was printed. */
  readonly output: string;
  /** An exit code or a signal. */
  readonly exit: string;
}

/** A process that runs tests of one file repeatedly and reloads only the modules that a change affects. */
export interface WarmProcess {
  /**
   * Runs the tests with those names once.
   * @param changed the file that differs from the unchanged copy, relative to the root; absent: none
   * @returns how they ended; text if the process exited, took too long or could not load the file: every later run returns it too
   */
  run(names: readonly string[], changed?: string): Promise<readonly TestEnd[] | string>;
  close(): Promise<void>;
}

export interface ControlCopy {
  /** @param isEnough called when a test ends; once it returns true, the run has a moment to close and is then killed */
  run(run: TestRun, isEnough?: (end: TestEnd) => boolean): Promise<TestOutcome>;
  /** Starts the process and loads the test file in it, unchanged. */
  warm(testFile: TestFile): Promise<WarmProcess>;
  /**
   * Calls `work` while the file has `replace` instead of `find`.
   * @throws Error unless the file contains `find` exactly once
   */
  changed<T>(change: { file: string; find: string; replace: string }, work: () => Promise<T>): Promise<T>;
  close(): void;
}

const warmTests = resolve(import.meta.dirname, 'warm-tests.ts');
/** How long tests wait for what they assert, see `eventually`. Most of it takes milliseconds, a server's start takes seconds. */
const patienceMs = 10_000;
const closingMs = 5000;

/** @param testTimeoutMs for each test; a whole run may take three times as long */
export function createControlCopy(root: string, testTimeoutMs = 60_000): ControlCopy {
  // A short path: Chromium puts a socket in it, whose path may have at most 107 bytes.
  const base = mkdtempSync(join(tmpdir(), 'gh-'));
  const folder = join(base, 'program');
  const temporary = join(base, 't');
  for (const name of copied) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  const close = () => {
    process.off('exit', close);
    rmSync(base, { recursive: true, force: true });
  };
  process.on('exit', close);

  function start(
    args: readonly string[],
    { store }: TestFile,
    withMessages: boolean,
    onEnd: (end: TestEnd) => void,
  ): TestProcess {
    mkdirSync(temporary, { recursive: true });
    const tests = startTestProcess({
      args,
      timeoutMs: testTimeoutMs,
      cwd: folder,
      env: { CONTROL_STORE: store, TEST_PATIENCE_MS: String(patienceMs), TMPDIR: temporary },
      withMessages,
      onEnd,
    });
    const exited = tests.exited.finally(() => rmSync(temporary, { recursive: true, force: true }));
    return { ...tests, exited };
  }

  async function warm(testFile: TestFile): Promise<WarmProcess> {
    let name = '';
    let ends: TestEnd[] = [];
    let finish: (fault: string | undefined) => void = () => {};
    const tests = start([warmTests, testFile.file], testFile, true, ({ path: [suite, ...path], ...end }) => {
      if (suite !== name) return;
      if (path.length > 0) ends.push({ ...end, path });
      else finish(undefined);
    });
    tests.child.on('message', (answer: WarmAnswer) => {
      if (answer.name === name) finish(answer.fault);
    });
    let fault: string | undefined;
    const ended = tests.exited.then((exit) => `exit ${exit}`, String);
    /** Resolves when the run called `name` is done or has failed. */
    const done = async (): Promise<void> => {
      const finished = new Promise<string | undefined>((settle) => {
        finish = settle;
      });
      const timer = setTimeout(() => finish(`not done after ${testTimeoutMs} ms`), testTimeoutMs);
      fault = await Promise.race([finished, ended]);
      clearTimeout(timer);
    };
    await done();
    let runs = 0;
    return {
      async run(names, changed) {
        if (fault !== undefined) return fault;
        runs += 1;
        name = `run-${runs}`;
        ends = [];
        const isDone = done();
        tests.child.send({ name, tests: names, ...(changed !== undefined && { changed }) } satisfies WarmRun);
        await isDone;
        return fault ?? ends;
      },
      async close() {
        tests.endAfter(0);
        await ended;
      },
    };
  }

  return {
    async run({ names, ...testFile }, isEnough = () => false) {
      const ends: TestEnd[] = [];
      const patterns = names.map((name) => `--test-name-pattern=${name}`);
      const tests = start(['--test-force-exit', ...patterns, testFile.file], testFile, false, (end) => {
        ends.push(end);
        if (isEnough(end)) tests.endAfter(closingMs);
      });
      tests.endAfter(testTimeoutMs * 3);
      const exit = await tests.exited;
      return { ends, output: tests.output().slice(-1500), exit };
    },
    warm,
    async changed({ file, find, replace }, work) {
      const path = join(folder, file);
      const text = readFileSync(path, 'utf8');
      if (text.split(find).length !== 2) throw new Error(`${file} must hold this exactly once: ${find}`);
      writeFileSync(
        path,
        text.replace(find, () => replace),
      );
      try {
        return await work();
      } finally {
        writeFileSync(path, text);
      }
    },
    close,
  };
}
