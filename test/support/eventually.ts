// Waiting as an assertion: for what a test claims will come, where `waitFor` is for what it only needs to go on.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

/** The runner of the controls shortens it: with a defence off, what is waited for never comes. */
const patienceMs = Number(process.env['TEST_PATIENCE_MS'] ?? Number.POSITIVE_INFINITY);

/**
 * Asks until the answer is neither false nor undefined nor an error, and gives it. Fails by an assertion after `timeoutMs`,
 * and at once where an assertion in `ask` does.
 */
export async function eventually<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 15_000,
): Promise<T> {
  const ms = Math.min(timeoutMs, patienceMs);
  let last = '';
  const until = performance.now() + ms;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      last = `, but ${error}`;
    }
    await delay(20);
  } while (performance.now() < until);
  assert.fail(`expected within ${ms} ms: ${what}${last}`);
}
