// The JSON lines: in order, readable only by their owner, complete after a crash, caught up after a failure, removed after their time.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import { recordKeys } from '../src/audit/chain.ts';
import { verifyFile } from '../src/audit/verify-file.ts';
import type { Store } from '../src/store/contract.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { dayMs, key, listeningLogger, otherKey, recorderOver } from './support/record.ts';

const keys = recordKeys([key]);
let folder: string;
let file: string;
let store: Store;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-record-file-'));
  file = join(folder, 'logs', 'cookie_audit.log');
  store = openSqliteStore(join(folder, 'data'));
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const textOfFile = () => readFileSync(file, 'utf8');

test('has the lines of the store, in its order, readable only by their owner', async () => {
  const recorder = recorderOver(store, { file });
  await Promise.all(
    Array.from({ length: 300 }, (_, i) => recorder.write({ event: 'session.created', session: `s${i}` })),
  );
  await recorder.close();
  const rows = await store.record.after(0, 1_000);
  assert.deepEqual(
    textOfFile()
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { entry: object }).entry),
    rows.map(({ text }) => JSON.parse(text) as object),
  );
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(dirname(file)).mode & 0o777, 0o700);
  const { count, first, absent } = await verifyFile(file, keys);
  assert.deepEqual([count, first, absent], [300, undefined, []]);
});

test('a line that a crash left incomplete is set aside and reported at the next start, and the rest verifies', async () => {
  const first = recorderOver(store, { file });
  await first.write({ event: 'session.created' });
  await first.close();
  appendFileSync(file, '{"entry":{"at":"2026-');
  assert.deepEqual((await verifyFile(file, keys)).first, { kind: 'edited', file, line: 2 });
  const logger = listeningLogger();
  const second = recorderOver(store, { file, logger });
  await second.write({ event: 'session.created' });
  await second.flush();
  await second.close();
  assert.equal((await verifyFile(file, keys)).first, undefined);
  assert.equal(readFileSync(`${file}.torn`, 'utf8'), '{"entry":{"at":"2026-\n');
  assert.equal(statSync(`${file}.torn`).mode & 0o777, 0o600);
  const events = (await store.record.after(0, 10)).map(
    ({ text }) => (JSON.parse(text) as { event: string }).event,
  );
  assert.ok(events.includes('record.repaired'), events.join());
});

test('entries that a killed process committed but did not append are appended once, at the next start', async () => {
  const entry = { event: 'session.created' } as const;
  const first = recorderOver(store, { file });
  for (let i = 0; i < 5; i++) await first.write(entry);
  await first.close();
  // As left by a kill between the two steps; here also between two steps of a file rotation.
  renameSync(file, `${file}.1`);
  assert.equal((await verifyFile(file, keys)).count, 5);
  const killed = recorderOver(store);
  for (let i = 0; i < 1_200; i++) killed.note(entry);
  await killed.close();
  const command = recorderOver(store, { file: join(folder, 'elsewhere.log') });
  await command.write(entry);
  await command.close();
  assert.equal(
    readFileSync(join(folder, 'elsewhere.log'), 'utf8').split('\n').length,
    3,
    'a new file begins now, and the record says so',
  );
  const next = recorderOver(store, { file, catchesUp: true });
  await Promise.all([next.write(entry), next.write(entry)]);
  await next.close();
  const { count, absent, first: wrong, macs } = await verifyFile(file, keys);
  assert.deepEqual([count, absent, wrong, macs.size], [1_209, [], undefined, 1_209]);
  // Lines with an invalid seal say nothing about where the file ended.
  appendFileSync(file, textOfFile().split('\n').at(-2)?.replace('"seq":1209', '"seq":9999') ?? '');
  appendFileSync(file, '\n');
  await recorderOver(store).write(entry);
  const last = recorderOver(store, { file, catchesUp: true });
  await last.write(entry);
  await last.close();
  assert.ok(textOfFile().includes('"seq":1210') && textOfFile().includes('"seq":1211'));
});

test('several processes write one file: it has every entry once and in order', async () => {
  const [one, other] = [
    recorderOver(store, { file }),
    recorderOver(openSqliteStore(join(folder, 'data')), { file }),
  ];
  const elsewhere = recorderOver(store);
  for (let i = 0; i < 30; i++) {
    const writer = [one, other, elsewhere][i % 3] ?? one;
    await writer.write({ event: 'session.created', facts: { n: i } });
  }
  await elsewhere.close();
  await one.close();
  await other.close();
  await one.flush();
  const { count, first, absent } = await verifyFile(file, keys);
  assert.deepEqual([first, absent], [undefined, []]);
  // Entries that another process wrote after their last one are added with the next entry.
  assert.ok(count >= 29, `${count} lines`);
});

test('reports edited, foreign and unknown lines, and swapped, repeated and missing ones', async () => {
  const recorder = recorderOver(store, { file });
  for (let i = 0; i < 30; i++) await recorder.write({ event: 'session.created', facts: { n: i } });
  await recorder.close();
  const lines = textOfFile().trimEnd().split('\n');
  const verdictOf = async (changed: readonly string[]) => {
    writeFileSync(file, `${changed.join('\n')}\n`);
    return verifyFile(file, keys);
  };
  for (let i = 0; i < lines.length; i++) {
    const edited = lines.with(i, (lines[i] ?? '').replace(`"n":${i}`, '"n":99'));
    assert.deepEqual((await verdictOf(edited)).first, { kind: 'edited', file, line: i + 1 });
    const broken = lines.with(i, (lines[i] ?? '').slice(0, -5));
    assert.deepEqual((await verdictOf(broken)).first, { kind: 'edited', file, line: i + 1 });
  }
  const gap = await verdictOf(lines.toSpliced(5, 3));
  assert.deepEqual([gap.first, gap.absent], [{ kind: 'missing', seq: 6, count: 3 }, [[6, 8]]]);
  const swapped = await verdictOf(lines.with(3, lines[4] ?? '').with(4, lines[3] ?? ''));
  assert.deepEqual([swapped.first, swapped.findings], [{ kind: 'reordered', file, line: 5, seq: 4 }, 1]);
  const doubled = await verdictOf(lines.toSpliced(9, 0, lines[2] ?? ''));
  assert.deepEqual([doubled.first, doubled.findings], [{ kind: 'doubled', file, line: 10, seq: 3 }, 1]);
  writeFileSync(file, `${lines.join('\n')}\n`);
  assert.equal((await verifyFile(file, recordKeys([otherKey]))).findings, 30);
});

test('a file that cannot be written refuses nothing; it is reported once, counted, and caught up', async () => {
  const logger = listeningLogger();
  const recorder = recorderOver(store, { file, logger });
  await recorder.write({ event: 'session.created' });
  await recorder.flush();
  renameSync(dirname(file), `${dirname(file)}-away`);
  // No mode restricts root, but even root cannot create a file inside a file.
  writeFileSync(dirname(file), '');
  for (let i = 0; i < 5; i++) {
    await recorder.write({ event: 'session.created', facts: { n: i } });
    await recorder.flush();
  }
  assert.equal(recorder.state().fileBehind, 5);
  assert.equal(logger.heard.filter(({ line }) => line['event'] === 'record.file_failed').length, 1);
  rmSync(dirname(file));
  renameSync(`${dirname(file)}-away`, dirname(file));
  await recorder.write({ event: 'session.created' });
  await recorder.close();
  assert.equal(recorder.state().fileBehind, 0);
  const { count, absent } = await verifyFile(file, keys);
  assert.deepEqual([count, absent], [7, []]);
});

test('a full file and an old one are rotated to numbered names, and expired ones are removed', async () => {
  let at = Date.now();
  const recorder = recorderOver(store, { file, now: () => at, retentionMs: 60 * dayMs });
  await recorder.write({ event: 'session.created' });
  await recorder.flush();
  const whole = textOfFile();
  // Ten megabytes of the same line do as well as different ones.
  writeFileSync(file, whole.repeat(Math.ceil((10 * 1024 * 1024) / whole.length)));
  await recorder.write({ event: 'session.created' });
  await recorder.flush();
  assert.deepEqual(
    readdirSync(dirname(file))
      .filter((name) => !name.endsWith('.lock'))
      .sort(),
    ['cookie_audit.log', 'cookie_audit.log.1'],
  );
  at += 3 * dayMs;
  await recorder.write({ event: 'session.created' });
  await recorder.flush();
  assert.ok(existsSync(`${file}.2`));
  assert.equal(textOfFile().split('\n').length, 2);
  const longAgo = new Date(at - 61 * dayMs);
  utimesSync(`${file}.2`, longAgo, longAgo);
  await recorder.prune();
  assert.deepEqual([existsSync(`${file}.1`), existsSync(`${file}.2`)], [true, false]);
  await recorder.close();
});

test('a link in place of the file is not followed', async () => {
  mkdirSync(dirname(file), { recursive: true });
  const target = join(folder, 'target');
  writeFileSync(target, 'mine\n');
  symlinkSync(target, file);
  const recorder = recorderOver(store, { file });
  await recorder.write({ event: 'session.created' });
  await recorder.close();
  assert.equal(readFileSync(target, 'utf8'), 'mine\n');
  assert.equal(recorder.state().fileBehind, 1);
});

test('a full disk: a line is complete or absent, and the file is caught up once there is space', {
  skip: !canMount(),
}, async () => {
  const small = join(folder, 'small');
  mkdirSync(small);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small]);
  try {
    const path = join(small, 'record.log');
    const recorder = recorderOver(store, { file: path });
    for (let i = 0; i < 400; i++)
      await recorder.write({ event: 'session.created', facts: { text: 'x'.repeat(290) } });
    await recorder.flush();
    assert.ok(recorder.state().fileBehind > 0);
    assert.equal((await verifyFile(path, keys)).first, undefined);
    await run('mount', ['-o', 'remount,size=4m', small]);
    await recorder.flush();
    await recorder.close();
    assert.equal(recorder.state().fileBehind, 0);
    assert.equal((await verifyFile(path, keys)).count, 400);
  } finally {
    await run('umount', ['-l', small]);
  }
});

test('a store that accepts nothing for two seconds refuses the change, and accepts the next one', async () => {
  const recorder = recorderOver(store);
  await recorder.write({ event: 'session.created' });
  // Another process locks the database for longer than a change may wait.
  const greedy = new DatabaseSync(join(folder, 'data', 'gatehouse.db'));
  greedy.exec('BEGIN IMMEDIATE');
  await assert.rejects(recorder.write({ event: 'session.revoked' }), { code: 'record_unavailable' });
  greedy.exec('ROLLBACK');
  greedy.close();
  await recorder.write({ event: 'session.created' });
  await recorder.close();
});

function canMount(): boolean {
  return process.getuid?.() === 0 && existsSync('/usr/bin/mount');
}

function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    spawn(command, args, { stdio: 'ignore' }).on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(command)),
    );
  });
}
