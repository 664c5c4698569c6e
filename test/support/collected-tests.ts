// Replaces `node:test` in a process that runs one test file several times: collects the tests that the file declares while it loads,
// and declares a selection of them to `node:test` later.
import {
  after as nodeAfter,
  afterEach as nodeAfterEach,
  before as nodeBefore,
  beforeEach as nodeBeforeEach,
  suite as nodeSuite,
  test as nodeTest,
} from 'node:test';

type Callback = () => void | Promise<void>;
type Rest = readonly [options: object, callback: Callback] | readonly [callback: Callback];

/** A suite, test or hook that a test file declared. */
export interface Declared {
  /** Empty for a hook. */
  readonly name: string;
  /** Of a suite; absent for a test or a hook. */
  readonly children?: readonly Declared[];
  readonly isTest: boolean;
  /** Declares it to `node:test`; a suite with these children. */
  declare(children: readonly Declared[]): void;
}

let open: Declared[] | undefined;

/** Returns what is declared while `load` runs. */
export async function collect(load: () => Promise<unknown>): Promise<readonly Declared[]> {
  const found: Declared[] = [];
  open = found;
  try {
    await load();
  } finally {
    open = undefined;
  }
  return found;
}

/** The tests whose full name matches one of the patterns, with their suites and hooks. */
export function select(
  declared: readonly Declared[],
  names: readonly RegExp[],
  around: readonly string[] = [],
): readonly Declared[] {
  const selected = declared.flatMap((one): readonly Declared[] => {
    const path = [...around, one.name];
    if (one.children === undefined) {
      const isIn = !one.isTest || names.some((name) => name.test(path.join(' ')));
      return isIn ? [one] : [];
    }
    const children = select(one.children, names, path);
    return children.length > 0 ? [{ ...one, children }] : [];
  });
  return selected.some(({ isTest, children }) => isTest || children) ? selected : [];
}

export function declareAll(declared: readonly Declared[]): void {
  for (const one of declared) one.declare(one.children ?? []);
}

function callbackOf(rest: Rest): Callback {
  const last = rest.at(-1);
  if (typeof last !== 'function') throw new Error('a suite or test without a function');
  return last as Callback;
}

const isOptions = (value: unknown): value is object => typeof value === 'object' && value !== null;

export function suite(name: string, ...rest: Rest): unknown {
  const options = isOptions(rest[0]) ? rest[0] : {};
  const callback = callbackOf(rest);
  if (!open) return nodeSuite(name, options, callback);
  const outer = open;
  const children: Declared[] = [];
  open = children;
  try {
    if (callback() instanceof Promise) throw new Error(`the suite "${name}" is asynchronous`);
  } finally {
    open = outer;
  }
  outer.push({
    name,
    children,
    isTest: false,
    declare: (some) => {
      nodeSuite(name, options, () => declareAll(some));
    },
  });
}

export function test(name: string, ...rest: Rest): unknown {
  const options = isOptions(rest[0]) ? rest[0] : {};
  const callback = callbackOf(rest);
  if (!open) return nodeTest(name, options, callback);
  open.push({
    name,
    isTest: true,
    declare: () => {
      nodeTest(name, options, callback);
    },
  });
}

function hook(declare: (callback: Callback, options?: object) => void) {
  return (callback: Callback, options?: object): void => {
    if (open) open.push({ name: '', isTest: false, declare: () => declare(callback, options) });
    else declare(callback, options);
  };
}

export const before = hook(nodeBefore);
export const after = hook(nodeAfter);
export const beforeEach = hook(nodeBeforeEach);
export const afterEach = hook(nodeAfterEach);
