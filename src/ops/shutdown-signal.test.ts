// Each subscriber is called once at shutdown, even if it subscribes late.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createShutdownSignal } from './shutdown-signal.ts';

test('listeners are called once, late ones immediately, and unsubscribed ones never', () => {
  const { begin, isStopping, onStop } = createShutdownSignal();
  const heard: string[] = [];
  onStop(() => heard.push('first'));
  const forget = onStop(() => heard.push('forgotten'));
  forget();
  assert.equal(isStopping(), false);
  begin();
  begin();
  assert.deepEqual(heard, ['first']);
  assert.equal(isStopping(), true);
  onStop(() => heard.push('late'));
  assert.deepEqual(heard, ['first', 'late']);
});
