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
import { startTestProcess } from './test-process.ts';
import { startWarmProcess, type WarmProcess } from './warm-process.ts';

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

export interface ControlCopy {
  /** @param isEnough called when a test ends; once it returns true, the run has a moment to close and is then killed */
  run(run: TestRun, isEnough?: (end: TestEnd) => boolean): Promise<TestOutcome>;
  /** Starts a process that has loaded the test file, unchanged. */
  warm(testFile: TestFile): Promise<WarmProcess>;
  /**
   * Calls `work` while the file has `replace` instead of `find`.
   * @throws Error unless the file contains `find` exactly once
   */
  changed<T>(change: { file: string; find: string; replace: string }, work: () => Promise<T>): Promise<T>;
  close(): void;
}

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

  function envOf(store: TestFile['store']): Record<string, string> {
    mkdirSync(temporary, { recursive: true });
    return { CONTROL_STORE: store, TEST_PATIENCE_MS: String(patienceMs), TMPDIR: temporary };
  }

  return {
    async run({ file, names, store }, isEnough = () => false) {
      const ends: TestEnd[] = [];
      const patterns = names.map((name) => `--test-name-pattern=${name}`);
      const tests = startTestProcess({
        args: ['--test-force-exit', ...patterns, file],
        timeoutMs: testTimeoutMs,
        cwd: folder,
        env: envOf(store),
        onEnd(end) {
          ends.push(end);
          if (isEnough(end)) tests.endAfter(closingMs);
        },
      });
      tests.endAfter(testTimeoutMs * 3);
      const exit = await tests.exited;
      rmSync(temporary, { recursive: true, force: true });
      return { ends, output: tests.output().slice(-1500), exit };
    },
    async warm({ file, store }) {
      const tests = startWarmProcess({ cwd: folder, env: envOf(store), timeoutMs: testTimeoutMs });
      await tests.run({ file, tests: [] });
      return {
        ...tests,
        async close() {
          await tests.close();
          rmSync(temporary, { recursive: true, force: true });
        },
      };
    },
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
