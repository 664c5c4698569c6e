// Runs the controls: switches off one defence at a time in a copy of the program, and requires that its test fails. A test that cannot
// fail proves nothing.
import { type ControlCopy, createControlCopy, type TestFile, type TestOutcome } from './control-copy.ts';
import type { TestEnd } from './control-reporter.ts';

/** An invariant, the line that enforces it, and the test that checks it. */
export interface Control {
  readonly invariant: string;
  /** What is switched off. */
  readonly defence: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly tests: string;
  /** A regular expression: the full name of one test of that file, or a part that no other test's name contains. */
  readonly sees: string;
}

export interface Verdict {
  readonly control: Control;
  /** Why the control proves nothing; absent if its test failed by an assertion. */
  readonly refusal?: string;
  /** Whether it ran in a process of its own, because the process that it shares with other controls did not prove it. */
  readonly isAlone: boolean;
  readonly ms: number;
}

export interface ControlsOptions {
  /** The program's root folder. */
  readonly root: string;
  readonly controls: readonly Control[];
  /** How many run in parallel, each in its own copy. */
  readonly workers: number;
  /** Default: 60 s. */
  readonly testTimeoutMs?: number;
  readonly onVerdict: (verdict: Verdict) => void;
}

/** The controls whose tests are in the same file and run on the same store. */
export interface ControlGroup extends TestFile {
  readonly controls: readonly Control[];
}

/** The largest first. */
export function groupControls(controls: readonly Control[]): ControlGroup[] {
  const groups = Map.groupBy(controls, (control) => `${storeOf(control)} ${control.tests}`);
  return [...groups.values()]
    .flatMap(([first, ...more]) =>
      first ? { file: first.tests, store: storeOf(first), controls: [first, ...more] } : [],
    )
    .sort((a, b) => b.controls.length - a.controls.length);
}

export async function runControls(options: ControlsOptions): Promise<void> {
  const { root, controls, workers, testTimeoutMs, onVerdict } = options;
  const groups = groupControls(controls);
  const copies = Array.from({ length: Math.min(workers, groups.length) }, () =>
    createControlCopy(root, testTimeoutMs),
  );
  try {
    await Promise.all(
      copies.map(async (copy) => {
        for (let group = groups.shift(); group; group = groups.shift())
          await tryGroup(copy, group, onVerdict);
      }),
    );
  } finally {
    for (const copy of copies) copy.close();
  }
}

/**
 * A control counts only if exactly one test has the name that it gives, that test passes in the unchanged copy, and with the defence
 * off the same test fails by an assertion: a timeout, a crash or a failed set-up proves nothing.
 * One process tries the whole group; each control that it does not prove is tried again in a process of its own.
 */
export async function tryGroup(
  copy: ControlCopy,
  group: ControlGroup,
  onVerdict: (verdict: Verdict) => void,
): Promise<void> {
  const rest = await tryTogether(copy, group, onVerdict);
  if (rest.length > 0) await tryEachAlone(copy, { ...group, controls: rest }, onVerdict);
}

/**
 * One process for all; the unchanged tests run last. If they pass, the earlier failures came from each control's own change and not
 * from something that an earlier run left behind. A process that exits early proves nothing: a new one tries the others, without the
 * control that made it exit.
 * @returns the controls that are not proven
 */
async function tryTogether(
  copy: ControlCopy,
  { controls, ...testFile }: ControlGroup,
  onVerdict: (verdict: Verdict) => void,
): Promise<readonly Control[]> {
  const unproven: Control[] = [];
  let left = controls;
  while (left.length > 0) {
    const tests = await copy.warm(testFile);
    const tried: { readonly control: Control; readonly ends: readonly TestEnd[]; readonly ms: number }[] = [];
    let ender: Control | undefined;
    for (const control of left) {
      const began = Date.now();
      const ends = await copy
        .changed(control, () =>
          tests.run({ file: control.tests, tests: [control.sees], changed: control.file }),
        )
        .catch((error: unknown) => String(error));
      if (typeof ends !== 'string') tried.push({ control, ends, ms: Date.now() - began });
      else ender = control;
      if (ender) break;
    }
    const names = [...new Set(tried.map(({ control }) => control.sees))];
    const unchanged = ender ? undefined : await tests.run({ file: testFile.file, tests: names });
    await tests.close();
    if (ender) {
      const ended = ender;
      unproven.push(ended);
      left = left.filter((control) => control !== ended);
      continue;
    }
    for (const { control, ends, ms } of tried) {
      const named = typeof unchanged === 'object' ? namedIn(unchanged, control) : 'not run';
      if (typeof named === 'object' && ends.some((end) => isProof(end, named))) {
        onVerdict({ control, isAlone: false, ms });
      } else unproven.push(control);
    }
    return unproven;
  }
  return unproven;
}

async function tryEachAlone(
  copy: ControlCopy,
  { controls, ...testFile }: ControlGroup,
  onVerdict: (verdict: Verdict) => void,
): Promise<void> {
  const began = Date.now();
  const names = [...new Set(controls.map(({ sees }) => sees))];
  const unchanged = await copy.run({ ...testFile, names });
  const ms = Date.now() - began;
  for (const control of controls) {
    const named = namedIn(unchanged.ends, control);
    if (typeof named === 'string') {
      onVerdict({ control, refusal: named + tail(unchanged), isAlone: true, ms });
    } else onVerdict(await tryAlone(copy, testFile, control, named));
  }
}

async function tryAlone(
  copy: ControlCopy,
  testFile: TestFile,
  control: Control,
  named: TestEnd,
): Promise<Verdict> {
  const began = Date.now();
  const { tests, sees } = control;
  const isEnough = (end: TestEnd) => isProof(end, named);
  const outcome = await copy
    .changed(control, () => copy.run({ ...testFile, names: [sees] }, isEnough))
    .catch((error: unknown) => String(error));
  const verdict = { control, isAlone: true, ms: Date.now() - began };
  if (typeof outcome === 'string') return { ...verdict, refusal: outcome };
  if (outcome.ends.some(isEnough)) return verdict;
  const seen = outcome.ends.find((end) => isNamed(end, sees) && end.how !== 'passed');
  const what = seen ? `it only ${seen.how}, ${seen.why}` : `exit ${outcome.exit}`;
  const refusal = `with the defence off no assertion of "${sees}" in ${tests} failed: ${what}${tail(outcome)}`;
  return { ...verdict, refusal };
}

/** On one store: the one that the line or the test belongs to, otherwise the one that starts faster. */
const storeOf = ({ file, sees }: Control): TestFile['store'] =>
  /redis/i.test(file + sees) ? 'redis' : 'sqlite';

/** The test that `sees` names, as it ended in the unchanged copy; if it cannot be used, text that says why. */
function namedIn(ends: readonly TestEnd[], { tests, sees }: Control): TestEnd | string {
  const named = ends.filter((end) => isTopTest(end, ends) && isNamed(end, sees));
  const [only, ...more] = named;
  if (!only) return `no test of ${tests} is named "${sees}"`;
  if (more.length > 0) {
    return `"${sees}" names ${named.length} tests of ${tests}: ${named.map(({ path }) => path.join(' › ')).join('; ')}`;
  }
  if (only.how === 'passed') return only;
  return `in the unchanged copy "${sees}" of ${tests} is not passed: ${only.how}, ${only.why}`;
}

/** Whether the named test, or a part of it, failed by an assertion. */
const isProof = (end: TestEnd, named: TestEnd) =>
  end.how === 'asserted' && named.path.every((name, at) => end.path[at] === name);

const isNamed = ({ path }: TestEnd, sees: string) => new RegExp(sees).test(path.join(' '));

/** Whether a test is not part of another test. */
function isTopTest({ path, isSuite }: TestEnd, ends: readonly TestEnd[]): boolean {
  const isAround = (other: TestEnd) =>
    !other.isSuite && other.path.length < path.length && other.path.every((name, at) => path[at] === name);
  return !isSuite && !ends.some(isAround);
}

const tail = ({ output }: TestOutcome) => (output.trim() === '' ? '' : `\n${output.trim()}`);
