// The reporter for the runner of tests and controls: prints a line of JSON as each test ends.
import type { TestEvent } from 'node:test/reporters';

/** How a test ended; `asserted`: an assertion of its own, or of a property in it, failed. */
export interface TestEnd {
  /** The names of the enclosing suites and tests, then its own. */
  readonly path: readonly string[];
  readonly isSuite: boolean;
  readonly how: 'passed' | 'skipped' | 'asserted' | 'failed';
  readonly ms: number;
  /** For a failure, Node's name for it and the first line of the error; for a skipped test, the reason if there is one. */
  readonly why: string;
}

/** Distinguishes this reporter's lines from what the tests print. */
export const lineMark = '\u0001';

export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const names: string[] = [];
  for await (const { type, data } of events) {
    if (type === 'test:start') {
      names.length = data.nesting;
      names.push(data.name);
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const error = type === 'test:fail' ? data.details.error : undefined;
    const end: TestEnd = {
      path: [...names.slice(0, data.nesting), data.name],
      isSuite: data.details.type === 'suite',
      how: error ? howOf(error) : data.skip === undefined && data.todo === undefined ? 'passed' : 'skipped',
      ms: data.details.duration_ms,
      why: error ? `${failureType(error)}: ${firstLine(error.cause)}` : String(data.skip ?? data.todo ?? ''),
    };
    yield `\n${lineMark}${JSON.stringify(end)}\n`;
  }
}

const failureType = (error: Error) => ('failureType' in error ? String(error.failureType) : 'unknown');

function howOf(error: Error): 'asserted' | 'failed' {
  return failureType(error) === 'testCodeFailure' && isAssertion(error.cause) ? 'asserted' : 'failed';
}

/** fast-check wraps a property's assertion in an error of its own. */
function isAssertion(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error && error.code === 'ERR_ASSERTION') return true;
  if (!error.message.startsWith('Property failed')) return false;
  return error.cause === undefined ? error.message.includes('by returning false') : isAssertion(error.cause);
}

const firstLine = (error: unknown) =>
  (error instanceof Error ? `${error.name}: ${error.message}` : String(error)).split('\n', 1)[0] ?? '';
