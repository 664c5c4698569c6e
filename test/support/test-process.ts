// A process that runs tests and reports each test as it ends.
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { lineMark, type TestEnd } from './control-reporter.ts';
import './endings.ts';

export interface TestProcess {
  readonly child: ChildProcess;
  /** Everything else that it printed, on both outputs. */
  output(): string;
  /** Kills it and its children after that time; earlier calls remain in force. */
  endAfter(ms: number): void;
  /** Resolves when it has exited, with its exit code or the signal that killed it. */
  readonly exited: Promise<string>;
}

export interface TestProcessOptions {
  /** For Node, including the test file. */
  readonly args: readonly string[];
  /** For each test and suite. */
  readonly timeoutMs: number;
  readonly cwd: string;
  /** Added to this process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it has an IPC channel. */
  readonly withMessages?: boolean;
  readonly onEnd: (end: TestEnd) => void;
}

const reporter = resolve(import.meta.dirname, 'control-reporter.ts');

const living = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of living) child.kill('SIGTERM');
});

export function startTestProcess(options: TestProcessOptions): TestProcess {
  const { args, timeoutMs, cwd, env, withMessages = false, onEnd } = options;
  // Otherwise a test run started by a test would report to its parent.
  const { NODE_TEST_CONTEXT: _, ...own } = process.env;
  const child = spawn(
    process.execPath,
    [
      `--test-timeout=${timeoutMs}`,
      `--test-reporter=${reporter}`,
      '--test-reporter-destination=stdout',
      ...args,
    ],
    {
      cwd,
      env: { ...own, ...env },
      stdio: ['ignore', 'pipe', 'pipe', ...(withMessages ? ['ipc' as const] : [])],
      detached: true,
    },
  );
  living.add(child);
  const timers: NodeJS.Timeout[] = [];
  // SIGTERM first: a test file kills its children when it exits.
  const end = () => {
    child.kill('SIGTERM');
    timers.push(setTimeout(() => child.kill('SIGKILL'), 2000));
  };
  let output = '';
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith(lineMark)) onEnd(JSON.parse(line.slice(1)) as TestEnd);
      // The reporter's own lines begin with an empty one.
      else if (line !== '') output += `${line}\n`;
    }
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const exited = new Promise<string>((settle, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => {
      living.delete(child);
      for (const timer of timers) clearTimeout(timer);
      settle(signal ?? String(code));
    });
  });
  return {
    child,
    output: () => output,
    endAfter: (ms) => {
      timers.push(setTimeout(end, ms));
    },
    exited,
  };
}
