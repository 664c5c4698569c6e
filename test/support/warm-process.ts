// A process that runs tests repeatedly, see `warm-tests.ts`.
import { resolve } from 'node:path';
import type { TestEnd } from './control-reporter.ts';
import { startTestProcess } from './test-process.ts';
import type { WarmFault, WarmRun } from './warm-tests.ts';

export interface WarmProcess {
  /**
   * One run at a time. A run without a changed file loads the test file the first time only.
   * @returns how its tests ended; text if the process exited, took too long or could not load the file: every later run returns it too
   */
  run(run: Omit<WarmRun, 'name'>): Promise<readonly TestEnd[] | string>;
  close(): Promise<void>;
}

export interface WarmProcessOptions {
  /** The root of the program. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** For each test, and for each run. */
  readonly timeoutMs: number;
}

const warmTests = resolve(import.meta.dirname, 'warm-tests.ts');

export function startWarmProcess({ cwd, env = {}, timeoutMs }: WarmProcessOptions): WarmProcess {
  let runs = 0;
  let name = '';
  let ends: TestEnd[] = [];
  let finish: (fault: string | undefined) => void = () => {};
  const tests = startTestProcess({
    args: [warmTests],
    timeoutMs,
    cwd,
    env,
    withMessages: true,
    onEnd({ path: [suite, ...path], ...end }) {
      if (suite !== name) return;
      if (path.length > 0) ends.push({ ...end, path });
      else finish(undefined);
    },
  });
  tests.child.on('message', (answer: WarmFault) => {
    if (answer.name === name) finish(answer.fault);
  });
  const exited = tests.exited.then((exit) => `exit ${exit}\n${tests.output().slice(-1500)}`, String);
  let fault: string | undefined;
  return {
    async run(asked) {
      if (fault !== undefined) return fault;
      runs += 1;
      name = `run-${runs}`;
      ends = [];
      const finished = new Promise<string | undefined>((settle) => {
        finish = settle;
      });
      const timer = setTimeout(() => finish(`not done after ${timeoutMs} ms`), timeoutMs);
      // The callback takes the error of a process that has exited: `exited` says more.
      tests.child.send({ ...asked, name } satisfies WarmRun, () => {});
      fault = await Promise.race([finished, exited]);
      clearTimeout(timer);
      return fault ?? ends;
    },
    async close() {
      tests.endAfter(0);
      await exited;
    },
  };
}
