// The chain under load and under kill -9: several processes write one unbroken chain, and what a crash leaves is intact.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type RecordKey, recordKeys, sealMark } from '../src/audit/chain.ts';
import { verifyRecord } from '../src/audit/verify.ts';
import { verifyFile } from '../src/audit/verify-file.ts';
import { key, onBothStores, type RecordPlace, recorderOver } from './support/record.ts';
import type { WriterResult, WriterTask } from './support/record-writer.ts';

const script = join(import.meta.dirname, 'support', 'record-writer.ts');
const keys = recordKeys([key]);
/** Takes seconds on an idle machine; a busy one needs longer to start a hundred processes. */
const timeout = 300_000;
const cache = mkdtempSync(join(tmpdir(), 'gatehouse-compiled-'));
after(() => rmSync(cache, { recursive: true, force: true }));

function startWriter(task: WriterTask): {
  child: ChildProcess;
  ready: Promise<void>;
  ended: Promise<string>;
} {
  // Compiled once for all of them: that would be most of each start.
  const env = { ...process.env, NODE_COMPILE_CACHE: cache };
  const child = spawn(process.execPath, [script], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  let output = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk) => {
      output += chunk;
      if (output.startsWith('ready')) resolve();
    });
  });
  const ended = once(child, 'close').then(() => output);
  child.stdin?.end(JSON.stringify(task));
  return { child, ready, ended };
}

await onBothStores('the record under load', (open) => {
  let place: RecordPlace;
  before(async () => {
    place = await open();
  });
  after(() => place.close());

  test('two processes write 10,000 entries: one chain, nothing lost or repeated', {
    timeout,
  }, async (t) => {
    const count = 5_000;
    const startedAt = performance.now();
    const file = join(place.folder, 'logs', 'record.log');
    const task = { ...place.address, file, count, together: 512, key };
    const outputs = await Promise.all([startWriter(task).ended, startWriter(task).ended]);
    const seconds = (performance.now() - startedAt) / 1000;
    const { record, aliases } = place.store;
    const found: string[] = [];
    for (let seq = 0, rows = await record.after(seq, 5_000); rows.length > 0; ) {
      for (const { text } of rows) found.push((JSON.parse(text) as { session: string }).session);
      seq = rows.at(-1)?.seq ?? seq;
      rows = await record.after(seq, 5_000);
    }
    t.diagnostic(`${Math.round(found.length / seconds)} entries a second`);
    const verdict = await verifyRecord({ record, keys });
    const total = found.length;
    assert.deepEqual(verdict, { state: 'intact', from: 1, to: total, count: total });
    const recorded = new Set(found);
    assert.equal(recorded.size, total, 'no entry is repeated');
    for (const output of outputs) {
      const { pid, begun, refused } = JSON.parse(output.replace('ready\n', '')) as WriterResult;
      const undecided = new Set(refused);
      const accepted = Array.from({ length: begun }, (_, n) => n).filter((n) => !undecided.has(n));
      assert.equal(accepted.length, count);
      const lost = accepted.filter((n) => !recorded.has(`${pid}-${n}`));
      assert.deepEqual(lost, [], 'what was accepted is recorded');
    }
    // Both created pseudonyms for the same people, but only one for each person.
    assert.equal((await aliases.byEmail('p7@example.org')).length, 1);
    // On a slow machine the file may still be behind when its writers end; the next start appends the rest.
    const next = recorderOver(place.store, { file, catchesUp: true });
    await next.write({ event: 'session.created' });
    await next.flush();
    await next.close();
    const lines = await verifyFile(file, keys);
    assert.deepEqual([lines.count, lines.first, lines.absent], [total + 1, undefined, []]);
  });
});

await onBothStores('the record and kill -9', (open) => {
  let place: RecordPlace;
  before(async () => {
    place = await open();
  });
  after(() => place.close());

  test('killed while writing, forty times: consistent each time, and writing resumes', {
    timeout,
  }, async (t) => {
    const file = join(place.folder, 'logs', 'record.log');
    const task = { ...place.address, file, together: 6, key };
    const { record } = place.store;
    let killed = 0;
    let torn = 0;
    let verified: { seq: number; mac: string } | undefined;
    // Starting a process takes a while, so four are killed at once; all of them write to the same chain.
    for (let round = 0; round < 10; round++) {
      const writers = Array.from({ length: 4 }, () => startWriter(task));
      await Promise.all(writers.map(({ ready }) => ready));
      const head = await record.head();
      while ((await record.head()) === head) await delay(2);
      await delay(Math.random() * 10);
      for (const { child } of writers) killed += Number(child.kill('SIGKILL'));
      await Promise.all(writers.map(({ ended }) => ended));
      // What was verified in the previous round lies before the anchor.
      const anchor = verified && sealMark('anchor', verified, 0, keys[0] as RecordKey);
      const verdict = await verifyRecord({
        record: { head: record.head, after: record.after, anchor: async () => anchor },
        keys,
      });
      assert.equal(verdict.state, 'intact', `after round ${round}: ${JSON.stringify(verdict)}`);
      verified = (await record.before(Number.POSITIVE_INFINITY, 1))[0];
      const lines = existsSync(file) ? await verifyFile(file, keys) : undefined;
      // A line torn by a crash is the last one, and the next process sets it aside.
      if (lines?.first) {
        torn += 1;
        assert.deepEqual([lines.first, lines.findings], [{ kind: 'edited', file, line: lines.count }, 1]);
      }
    }
    assert.equal(killed, 40);
    const recorder = recorderOver(place.store, { file });
    await recorder.write({ event: 'session.created' });
    await recorder.flush();
    await recorder.close();
    const verdict = await verifyRecord({ record: place.store.record, keys });
    assert.equal(verdict.state, 'intact');
    assert.equal((await verifyFile(file, keys)).first, undefined);
    t.diagnostic(`${verdict.count} entries, ${torn} torn lines`);
  });

  test('killed repeatedly between the store and the file: the next start appends what the file lacks', {
    timeout,
  }, async (t) => {
    const own = await open();
    t.after(() => own.close());
    const file = join(own.folder, 'logs', 'record.log');
    const task = { ...own.address, file, catchesUp: true, together: 6, key };
    let lacked = 0;
    for (let round = 0; round < 6; round++) {
      const { child, ready, ended } = startWriter(task);
      await ready;
      const sizeNow = () => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
      for (const size = sizeNow(); sizeNow() === size; ) await delay(2);
      await delay(Math.random() * 100);
      child.kill('SIGKILL');
      await ended;
      const [newest] = await own.store.record.before(Number.POSITIVE_INFINITY, 1);
      const there = Math.max(...(await verifyFile(file, keys)).macs.keys());
      if (there < (newest?.seq ?? 0)) lacked += 1;
    }
    const recorder = recorderOver(own.store, { file, catchesUp: true });
    await recorder.write({ event: 'session.created' });
    await recorder.flush();
    await recorder.close();
    const { macs, absent, count, first } = await verifyFile(file, keys);
    const [newest] = await own.store.record.before(Number.POSITIVE_INFINITY, 1);
    assert.deepEqual(
      [absent, first, count, Math.max(...macs.keys())],
      [[], undefined, macs.size, newest?.seq],
    );
    t.diagnostic(`${count} lines, ${lacked} kills between the two`);
  });
});
