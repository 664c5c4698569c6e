// A copy of the program in which controls switch off one defence after the other, and the tests that run in it.
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
  /** From the root of the program. */
  readonly file: string;
  /** A regular expression on the full name; what matches none of them does not run. */
  readonly names: readonly string[];
  readonly store: 'sqlite' | 'redis';
}

export interface TestOutcome {
  readonly ends: readonly TestEnd[];
  /** The last of what was printed besides. */
  readonly output: string;
  /** An exit code or a signal. */
  readonly exit: string;
}

export interface ControlCopy {
  /** @param isEnough asked at each end of a test; when true, what is left has a moment to close and is then ended */
  run(run: TestRun, isEnough?: (end: TestEnd) => boolean): Promise<TestOutcome>;
  /**
   * Works while the file holds `replace` where it held `find`.
   * @throws Error unless the file holds `find` exactly once
   */
  changed<T>(change: { file: string; find: string; replace: string }, work: () => Promise<T>): Promise<T>;
  close(): void;
}

const reporter = resolve(import.meta.dirname, 'control-reporter.ts');
/** For what tests wait for as an assertion, see `eventually`. Most of it comes within milliseconds, a start within seconds. */
const patienceMs = 10_000;
const closingMs = 5000;

/** @param testTimeoutMs for each test; a whole run has three times as much */
export function createControlCopy(root: string, testTimeoutMs: number): ControlCopy {
  // Short names: below them Chromium puts a socket, whose path may have 107 bytes.
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
