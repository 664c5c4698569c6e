// Runs test files and controls from one queue, several at once and the longest first, so that no core is idle at the end.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ControlCopy, createControlCopy } from './control-copy.ts';
import { type Control, type ControlGroup, groupControls, tryGroup, type Verdict } from './controls.ts';
import { createSharedProcess, type FileResult, runAlone, type SharedProcess } from './test-files.ts';

export interface QueueOptions {
  /** Where the program is. */
  readonly root: string;
  /** Relative to the root. */
  readonly files: readonly string[];
  readonly controls: readonly Control[];
  /** How many run at once. */
  readonly lanes: number;
  /** Whether short test files run one after the other in one process. */
  readonly sharesProcesses: boolean;
  readonly onFile: (result: FileResult) => void;
  readonly onVerdict: (verdict: Verdict) => void;
}

/** How long a test file or a group of controls took. */
export interface Duration {
  readonly name: string;
  readonly ms: number;
}

interface Task {
  readonly name: string;
  readonly expectedMs: number;
  run(lane: Lane): Promise<void>;
}

/** What runs one task at a time. */
interface Lane {
  /** Its own copy of the program, created on the first call. */
  copy(): ControlCopy;
  readonly shared: SharedProcess;
}

const durationsFile = 'test/durations.json';
/** Shorter tasks are not listed; shorter test files share a process. */
const listedMs = 4000;

/** @returns the durations, the longest first */
export async function runQueue(options: QueueOptions): Promise<Duration[]> {
  const { root, files, controls, lanes, sharesProcesses, onFile, onVerdict } = options;
  const listed = JSON.parse(readFileSync(join(root, durationsFile), 'utf8')) as Record<string, number>;
  const expectedMsOf = (name: string, guessMs: number) => (listed[name] ?? guessMs / 1000) * 1000;
  const fileTask = (file: string): Task => {
    const isShort = sharesProcesses && listed[file] === undefined;
    return {
      name: file,
      expectedMs: expectedMsOf(file, 1000),
      run: async ({ shared }) => onFile(await (isShort ? shared.run(file) : runAlone(root, file))),
    };
  };
  const controlsTask = (group: ControlGroup): Task => {
    const name = `controls of ${group.file} on ${group.store}`;
    return {
      name,
      expectedMs: expectedMsOf(name, 500 * group.controls.length),
      run: ({ copy }) => tryGroup(copy(), group, onVerdict),
    };
  };
  const queue = [...files.map(fileTask), ...groupControls(controls).map(controlsTask)].sort(
    (a, b) => b.expectedMs - a.expectedMs,
  );
  const durations: Duration[] = [];

  async function runLane(): Promise<void> {
    let copy: ControlCopy | undefined;
    const shared = createSharedProcess(root);
    const lane: Lane = {
      copy: () => {
        copy ??= createControlCopy(root);
        return copy;
      },
      shared,
    };
    for (let task = queue.shift(); task; task = queue.shift()) {
      const began = Date.now();
      await task.run(lane);
      durations.push({ name: task.name, ms: Date.now() - began });
    }
    copy?.close();
    await shared.close();
  }
  await Promise.all(Array.from({ length: lanes }, runLane));
  return durations.sort((a, b) => b.ms - a.ms);
}

/** Saves them for the order of later runs. */
export function writeDurations(root: string, durations: readonly Duration[]): void {
  const long = durations.filter(({ ms }) => ms >= listedMs);
  const entries = long.map(({ name, ms }): [string, number] => [name, Math.round(ms / 1000)]);
  writeFileSync(join(root, durationsFile), `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`);
}
