// The ops port says no while the record cannot be written, and gives the metrics to nobody where there are none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from '../../test/support/client.ts';
import { drain, listen } from '../http/server.ts';
import { isRecording } from './gauges.ts';
import { createOpsServer, type HealthOptions } from './health.ts';

const calm = { waiting: 0, lastWrittenAt: 5, lastFailureAt: undefined, fileBehind: 0 };

test('the record can be written until the last try failed and something waits', () => {
  for (const [state, fine] of [
    [{}, true],
    [{ lastFailureAt: 3 }, true],
    [{ waiting: 9 }, true],
    [{ waiting: 9, lastFailureAt: 3 }, true],
    [{ waiting: 9, lastFailureAt: 6 }, false],
    [{ waiting: 9, lastFailureAt: 6, lastWrittenAt: undefined }, false],
    [{ waiting: 0, lastFailureAt: 6 }, true],
  ] as const)
    assert.equal(isRecording({ ...calm, ...state }), fine, JSON.stringify(state));
});

test('ready is with a record that can be written; the reason is said', async (t) => {
  let recording = true;
  const options: HealthOptions = {
    ping: async () => undefined,
    isAccepting: () => true,
    isRecording: () => recording,
  };
  const server = createOpsServer(options);
  const port = await listen(server, 0, '127.0.0.1');
  t.after(() => drain(server, 100));
  const client = createClient(`http://127.0.0.1:${port}`);
  assert.equal((await client.ask('/readyz')).status, 200);
  recording = false;
  const answer = await client.ask('/readyz');
  assert.deepEqual([answer.status, answer.text], [503, '{"status":"the record cannot be written"}']);
  assert.equal((await client.ask('/livez')).status, 200);
  assert.equal((await client.ask('/metrics')).status, 404);
});
