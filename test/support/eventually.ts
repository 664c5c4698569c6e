// Waiting as an assertion: for what a test claims will happen. `waitFor` is for what a test merely needs in order to continue.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

/** The runner of the controls shortens it: with a defence off, what is waited for never happens. */
export const patienceMs = Number(process.env['TEST_PATIENCE_MS'] ?? Number.POSITIVE_INFINITY);

/**
 * Calls `ask` until it returns something other than false or undefined without throwing, and resolves to that. Fails by an assertion
 * after `timeoutMs`, or at once if an assertion in `ask` fails.
 */
export async function eventually<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 15_000,
): Promise<T> {
  const ms = Math.min(timeoutMs, patienceMs);
  let last = '';
  const began = performance.now();
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      last = `, but ${error}`;
    }
    // Less often the longer it takes: with a defence off, the polling would cost more than the test.
    await delay(Math.min(200, 20 + (performance.now() - began) / 20));
  } while (performance.now() - began < ms);
  assert.fail(`expected within ${ms} ms: ${what}${last}`);
}
