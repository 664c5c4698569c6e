// Runs the controls: switches off one defence at a time in a copy of the program, and requires that its test fails. A test that cannot
// fail proves nothing.
import { type ControlCopy, createControlCopy, type TestOutcome, type TestRun } from './control-copy.ts';
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

interface Ready {
  readonly control: Control;
  readonly named: TestEnd;
}

/**
 * A control counts only if exactly one test has the name that it gives, that test passes in the unchanged copy, and with the defence
 * off the same test fails by an assertion: a timeout, a crash or a failed set-up proves nothing.
 * The unchanged copy runs once for each file and store, for all controls that name tests in it.
 */
export async function runControls(options: ControlsOptions): Promise<void> {
  const { root, controls, workers, testTimeoutMs = 60_000, onVerdict } = options;
  const groups = [...Map.groupBy(controls, ({ tests, ...one }) => `${storeOf(one)} ${tests}`).values()].sort(
    (a, b) => b.length - a.length,
  );
  const ready: Ready[] = [];
  const pending = new Set<Promise<void>>();

  async function tryUnchanged(copy: ControlCopy, group: readonly Control[]): Promise<void> {
    const began = Date.now();
    const names = [...new Set(group.map(({ sees }) => sees))];
    const outcome = await copy.run(runOf(group, names));
    for (const control of group) {
      const named = namedIn(outcome, control);
      if (typeof named === 'string') onVerdict({ control, refusal: named, ms: Date.now() - began });
      else ready.push({ control, named });
    }
    ready.sort((a, b) => b.named.ms - a.named.ms);
  }

  async function work(copy: ControlCopy): Promise<void> {
    for (;;) {
      const group = groups.shift();
      if (group) {
        const trying = tryUnchanged(copy, group).finally(() => pending.delete(trying));
        pending.add(trying);
        await trying;
        continue;
      }
      const next = ready.shift();
      if (next) onVerdict(await tryChanged(copy, next));
      else if (pending.size > 0) await Promise.race(pending);
      else return;
    }
  }

  const copies = Array.from({ length: Math.min(workers, controls.length) }, () =>
    createControlCopy(root, testTimeoutMs),
  );
  try {
    await Promise.all(copies.map(work));
  } finally {
    for (const copy of copies) copy.close();
  }
}

/** On one store: the one that the line or the test belongs to, otherwise the one that starts faster. */
const storeOf = ({ file, sees }: Pick<Control, 'file' | 'sees'>) =>
  /redis/i.test(file + sees) ? 'redis' : 'sqlite';

function runOf([first]: readonly Control[], names: readonly string[]): TestRun {
  if (!first) throw new Error('a run of no control');
  return { file: first.tests, names, store: storeOf(first) };
}

/** The test that `sees` names, as it ended in the unchanged copy; if it cannot be used, text that says why. */
function namedIn(outcome: TestOutcome, { tests, sees }: Control): TestEnd | string {
  const named = outcome.ends.filter((end) => isTopTest(end, outcome.ends) && isNamed(end, sees));
  const [only, ...more] = named;
  if (!only) return `no test of ${tests} is named "${sees}"${tail(outcome)}`;
  if (more.length > 0) {
    return `"${sees}" names ${named.length} tests of ${tests}: ${named.map(({ path }) => path.join(' › ')).join('; ')}`;
  }
  if (only.how !== 'passed') {
    return `in the unchanged copy "${sees}" of ${tests} is not passed: ${only.how}, ${only.why}${tail(outcome)}`;
  }
  return only;
}

async function tryChanged(copy: ControlCopy, { control, named }: Ready): Promise<Verdict> {
  const began = Date.now();
  const isProof = (end: TestEnd) =>
    end.how === 'asserted' && named.path.every((name, at) => end.path[at] === name);
  const outcome = await copy
    .changed(control, () => copy.run(runOf([control], [control.sees]), isProof))
    .catch((error: unknown) => String(error));
  const ms = Date.now() - began;
  if (typeof outcome === 'string') return { control, refusal: outcome, ms };
  if (outcome.ends.some(isProof)) return { control, ms };
  const seen = outcome.ends.find((end) => isNamed(end, control.sees) && end.how !== 'passed');
  const what = seen ? `it only ${seen.how}, ${seen.why}` : `exit ${outcome.exit}`;
  return {
    control,
    refusal: `with the defence off no assertion of "${control.sees}" in ${control.tests} failed: ${what}${tail(outcome)}`,
    ms,
  };
}

const isNamed = ({ path }: TestEnd, sees: string) => new RegExp(sees).test(path.join(' '));

/** Whether a test is not part of another test. */
function isTopTest({ path, isSuite }: TestEnd, ends: readonly TestEnd[]): boolean {
  const isAround = (other: TestEnd) =>
    !other.isSuite && other.path.length < path.length && other.path.every((name, at) => path[at] === name);
  return !isSuite && !ends.some(isAround);
}

const tail = ({ output }: TestOutcome) => (output.trim() === '' ? '' : `\n${output.trim()}`);
