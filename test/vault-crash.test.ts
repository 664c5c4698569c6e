// Killed at any instant, the vault can be opened with the passphrase in .env, and nothing is lost; concurrent processes lose nothing
// either.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { openSqliteStore } from '../src/store/sqlite.ts';
import type { EntryView } from '../src/vault/contract.ts';
import { openVault } from '../src/vault/open.ts';
import { quickStretch } from './support/quick-stretch.ts';
import { folderFor, keepEvents, passphrase, target } from './support/vault.ts';

const rounds = 24;
/** What the watcher sees of two turns of the worker: three events for each of its seven writes. */
const eventsOfTwoTurns = 42;
const script = join(import.meta.dirname, 'support', 'vault-worker.ts');

function start(
  folder: string,
  name: string,
  mode: 'all' | 'loads',
): ChildProcess & { lines: string[]; err: string } {
  const child = spawn(process.execPath, [script, folder, name, mode], { stdio: ['ignore', 'pipe', 'pipe'] });
  const worker = Object.assign(child, { lines: [] as string[], err: '' });
  child.stdout.on('data', (chunk) => worker.lines.push(...String(chunk).split('\n').filter(Boolean)));
  child.stderr.on('data', (chunk) => {
    worker.err += chunk;
  });
  return worker;
}

/** Resolves once it has printed a line that begins like this, or has ended. */
async function until(worker: ReturnType<typeof start>, beginning: string): Promise<void> {
  while (
    !worker.lines.some((line) => line.startsWith(beginning)) &&
    worker.exitCode === null &&
    !worker.killed
  )
    await Promise.race([once(worker.stdout as Readable, 'data'), once(worker, 'exit')]);
}

/** The entries as the next process finds them, with the passphrase in "`.env`". */
async function look(
  folder: string,
): Promise<{ entries: readonly EntryView[]; headerOf(owner: string): Promise<string> }> {
  const store = openSqliteStore(folder);
  try {
    const inEnv = readFileSync(join(folder, 'passphrase'), 'utf8');
    const config = { dataDir: folder, vault: { passphrase: inEnv, ttlMs: 1e9, bindMachine: true } };
    const options = {
      notes: store.notes,
      recorder: keepEvents(),
      now: Date.now,
      machineId: async () => 'a machine',
      stretch: quickStretch,
    };
    const vault = openVault({ config: () => config, ...options });
    const status = await vault.status();
    if (status.kind === 'none') return { entries: [], headerOf: async () => '' };
    assert.equal(status.kind, 'open', JSON.stringify(status));
    const headers = new Map<string, string>();
    for (const { owner } of status.entries) {
      const answer = await vault.cookieFor(target.host, owner);
      headers.set(owner, 'header' in answer ? answer.header : answer.state);
    }
    return { entries: status.entries, headerOf: async (owner) => headers.get(owner) ?? '' };
  } finally {
    await store.close();
  }
}

function newFolder(t: TestContext): string {
  const folder = folderFor(t);
  writeFileSync(join(folder, 'passphrase'), passphrase);
  return folder;
}

test('killed repeatedly while it loads, clears, and changes the passphrase and the key: it opens, and nothing is lost', {
  timeout: 900_000,
}, async (t) => {
  const folder = newFolder(t);
  const expected = new Map<string, 'there' | 'perhaps'>();
  const did = { loaded: 0, passphrase: 0, key: 0, cleared: 0 };
  let killed = 0;
  let turnMs = 0;
  for (let round = 0; round < rounds; round++) {
    const worker = start(folder, `r${round}`, 'all');
    const ending = once(worker, 'close');
    // Half of the kills happen while a file is being written, where the danger is; the others at any time of a turn.
    let left = 1 + Math.floor(Math.random() * eventsOfTwoTurns);
    const isWatched = round % 2 === 1;
    const watcher = isWatched
      ? watch(folder, (_, name) => name?.endsWith('.tmp') && --left <= 0 && worker.kill('SIGKILL'))
      : undefined;
    await until(worker, 'ready');
    const readyAt = performance.now();
    if (round === 0) await until(worker, 'cleared');
    // On a busy machine a turn may take very long.
    turnMs ||= Math.min(2_000, performance.now() - readyAt);
    const timer = isWatched
      ? undefined
      : setTimeout(() => worker.kill('SIGKILL'), Math.random() * 2 * turnMs);
    await ending;
    clearTimeout(timer);
    watcher?.close();
    assert.equal(worker.err, '');
    if (worker.signalCode === 'SIGKILL') killed++;
    for (const line of worker.lines) {
      const [what = '', owner = ''] = line.split(' ');
      if (what in did) did[what as keyof typeof did]++;
      if (what === 'loaded') expected.set(owner, 'there');
      if (what === 'clearing') expected.set(owner, 'perhaps');
      if (what === 'cleared') expected.delete(owner);
    }
    const { entries, headerOf } = await look(folder);
    const owners = new Set(entries.map(({ owner }) => owner));
    for (const [owner, state] of expected) {
      if (state === 'there') assert.ok(owners.has(owner), `${owner} is lost after round ${round}`);
      else if (!owners.has(owner)) expected.delete(owner);
      else expected.set(owner, 'there');
    }
    for (const owner of owners) {
      assert.equal(await headerOf(owner), `v=${owner}`);
      // Written, but killed before it could report that.
      if (!expected.has(owner)) {
        assert.ok(owner.startsWith(`r${round}-`), `${owner} came back`);
        expected.set(owner, 'there');
      }
    }
    assert.equal(statSync(join(folder, 'vault.json'), { throwIfNoEntry: false })?.mode ?? 0o100600, 0o100600);
  }
  assert.ok(
    killed === rounds && Object.values(did).every((count) => count > 0) && did.loaded > 10,
    JSON.stringify(did),
  );
  t.diagnostic(JSON.stringify({ killed, ...did, entries: expected.size }));
  await once(start(folder, 'last', 'loads'), 'close');
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.tmp') && name.startsWith('vault')),
    [],
    'what killed writers left is swept by the next one',
  );
});

test('three processes load at once: every entry is there', { timeout: 180_000 }, async (t) => {
  const folder = newFolder(t);
  const workers = ['a', 'b', 'c'].map((name) => start(folder, name, 'loads'));
  await Promise.all(workers.map((worker) => once(worker, 'close')));
  for (const worker of workers) assert.equal(worker.err, '');
  assert.equal((await look(folder)).entries.length, 30);
});
