// The ops port reports not ready while nothing can be written, answers 404 for metrics that are off, and only accepts its own host names.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createClient } from '../../test/support/client.ts';
import { drain, listen } from '../http/server.ts';
import { createWriteProbe, isRecording } from './gauges.ts';
import { createOpsServer, type HealthOptions } from './health.ts';

const calm = { waiting: 0, lastWrittenAt: 5, lastFailureAt: undefined, fileBehind: 0 };

test('the record counts as writable until the last attempt failed and entries wait', () => {
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

test('is ready only if the record can be written, and says why not', async (t) => {
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

test('a store that answers but accepts no writes is not ready', async (t) => {
  let takes = true;
  let at = Date.now();
  let tries = 0;
  const tryWrite = createWriteProbe({
    notes: {
      async write() {
        tries++;
        if (!takes) throw new Error('read-only');
      },
    },
    now: () => at,
  });
  const server = createOpsServer({ ping: async () => undefined, tryWrite, isAccepting: () => true });
  const port = await listen(server, 0, '127.0.0.1');
  t.after(() => drain(server, 100));
  const ready = () => createClient(`http://127.0.0.1:${port}`).ask('/readyz');
  assert.equal((await ready()).status, 200);
  takes = false;
  assert.equal((await ready()).status, 200);
  assert.equal(tries, 1, 'whoever asks often does not load the store');
  at += 6_000;
  assert.equal((await ready()).text, '{"status":"the store accepts no changes"}');
  takes = true;
  // Setting the clock back does not keep a cached answer alive.
  at -= 3_600_000;
  assert.equal((await ready()).status, 200);
});

test('on loopback it answers only to its own names', async (t) => {
  const server = createOpsServer({ ping: async () => undefined, isAccepting: () => true });
  const port = await listen(server, 0, '127.0.0.1');
  t.after(() => drain(server, 100));
  const client = createClient(`http://127.0.0.1:${port}`);
  const statusOf = async (host: string) => (await client.ask('/livez', { headers: { host } })).status;
  for (const own of ['localhost', `localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, 'app:9464'])
    assert.equal(await statusOf(own), 200, own);
  for (const foreign of ['evil.test', `rebind.evil.test:${port}`, '127.0.0.1.evil.test', '192.168.0.7'])
    assert.equal(await statusOf(foreign), 421, foreign);
});
