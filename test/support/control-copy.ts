// A copy of the program in which controls switch off one defence at a time, and the tests that run in it.
import { type ChildProcess, spawn } from 'node:child_process';
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
import { lineMark, type TestEnd } from './control-reporter.ts';
import './endings.ts';

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

export interface TestRun {
  /** Relative to the root of the program. */
  readonly file: string;
  /** Regular expressions on the full name; tests that match none of them do not run. */
  readonly names: readonly string[];
  readonly store: 'sqlite' | 'redis';
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
  /**
   * Calls `work` while the file has `replace` instead of `find`.
   * @throws Error unless the file contains `find` exactly once
   */
  changed<T>(change: { file: string; find: string; replace: string }, work: () => Promise<T>): Promise<T>;
  close(): void;
}

const reporter = resolve(import.meta.dirname, 'control-reporter.ts');
/** How long tests wait for what they assert, see `eventually`. Most of it takes milliseconds, a server's start takes seconds. */
const patienceMs = 10_000;
const closingMs = 5000;

/** @param testTimeoutMs for each test; a whole run may take three times as long */
export function createControlCopy(root: string, testTimeoutMs: number): ControlCopy {
  // A short path: Chromium puts a socket in it, whose path may have at most 107 bytes.
  const base = mkdtempSync(join(tmpdir(), 'gh-'));
  const folder = join(base, 'program');
  const temporary = join(base, 't');
  for (const name of copied) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  let running: ChildProcess | undefined;
  const close = () => {
    process.off('exit', close);
    running?.kill('SIGTERM');
    rmSync(base, { recursive: true, force: true });
  };
  process.on('exit', close);

  function run({ file, names, store }: TestRun, isEnough = (_end: TestEnd) => false): Promise<TestOutcome> {
    mkdirSync(temporary, { recursive: true });
    // A test run inside a test run would report to its parent.
    const { NODE_TEST_CONTEXT: _, ...own } = process.env;
    const child = spawn(
      process.execPath,
      [
        '--test-force-exit',
        `--test-timeout=${testTimeoutMs}`,
        `--test-reporter=${reporter}`,
        ...names.map((name) => `--test-name-pattern=${name}`),
        file,
      ],
      {
        cwd: folder,
        env: { ...own, CONTROL_STORE: store, TEST_PATIENCE_MS: String(patienceMs), TMPDIR: temporary },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      },
    );
    running = child;
    // SIGTERM first: a test file ends its children when it exits.
    const end = () => {
      child.kill('SIGTERM');
      timers.push(setTimeout(() => child.kill('SIGKILL'), 2000));
    };
    const timers = [setTimeout(end, testTimeoutMs * 3)];
    const ends: TestEnd[] = [];
    let output = '';
    let rest = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (!line.startsWith(lineMark)) {
          output += `${line}\n`;
          continue;
        }
        const ended = JSON.parse(line.slice(1)) as TestEnd;
        ends.push(ended);
        if (isEnough(ended)) timers.push(setTimeout(end, closingMs));
      }
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    return new Promise((settle, fail) => {
      child.once('error', fail);
      child.once('close', (code, signal) => {
        running = undefined;
        for (const timer of timers) clearTimeout(timer);
        rmSync(temporary, { recursive: true, force: true });
        settle({ ends, output: output.slice(-1500), exit: signal ?? String(code) });
      });
    });
  }

  return {
    run,
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
