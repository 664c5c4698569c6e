// Runs test files: each in a process of its own, or several one after the other in a shared process, which loads the program only once.
import type { TestEnd } from './control-reporter.ts';
import { startTestProcess } from './test-process.ts';
import { startWarmProcess, type WarmProcess } from './warm-process.ts';

export interface FileResult {
  /** Relative to the root. */
  readonly file: string;
  readonly tests: number;
  /** Names of tests that were skipped, with the reason. */
  readonly skipped: readonly string[];
  /** Whether no test failed and the process exited normally. */
  readonly isGood: boolean;
  readonly ms: number;
  /** The output of Node's `spec` reporter and of the file itself; empty if the file ran in a shared process. */
  readonly output: string;
}

const testTimeoutMs = 180_000;
/** A file that never ends must not block the machine. */
const fileTimeoutMs = 600_000;
/** A shared process is replaced after so many files, so that what they leave behind does not add up. */
const filesPerProcess = 15;

export async function runAlone(root: string, file: string): Promise<FileResult> {
  const began = Date.now();
  const ends: TestEnd[] = [];
  const running = startTestProcess({
    args: ['--test-reporter=spec', '--test-reporter-destination=stderr', file],
    timeoutMs: testTimeoutMs,
    cwd: root,
    onEnd: (end) => ends.push(end),
  });
  running.endAfter(fileTimeoutMs);
  const exit = await running.exited;
  const isGood = exit === '0' && !ends.some(isFailure);
  const output = `${running.output()}${isGood ? '' : `exit ${exit}\n`}`;
  return { ...resultOf(file, ends), isGood, ms: Date.now() - began, output };
}

export interface SharedProcess {
  /** Runs a file; one that fails here runs again in a process of its own, and only that result counts. */
  run(file: string): Promise<FileResult>;
  close(): Promise<void>;
}

export function createSharedProcess(root: string): SharedProcess {
  let tests: WarmProcess | undefined;
  let files = 0;
  async function close(): Promise<void> {
    await tests?.close();
    tests = undefined;
    files = 0;
  }
  return {
    async run(file) {
      const began = Date.now();
      tests ??= startWarmProcess({ cwd: root, timeoutMs: testTimeoutMs });
      files += 1;
      const ends = await tests.run({ file });
      const isGood = typeof ends !== 'string' && ends.length > 0 && !ends.some(isFailure);
      if (!isGood || files === filesPerProcess) await close();
      if (!isGood) return runAlone(root, file);
      return { ...resultOf(file, ends), isGood, ms: Date.now() - began, output: '' };
    },
    close,
  };
}

const isFailure = ({ how }: TestEnd) => how === 'asserted' || how === 'failed';

function resultOf(file: string, ends: readonly TestEnd[]): Pick<FileResult, 'file' | 'tests' | 'skipped'> {
  const skipped = ends.filter(({ how }) => how === 'skipped');
  return {
    file,
    tests: ends.filter(({ isSuite }) => !isSuite).length,
    skipped: skipped.map(({ path, why }) => `${path.join(' › ')}: ${why}`),
  };
}
