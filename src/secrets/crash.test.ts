// The real command as a child process: killed at any instant .env is old or new and whole; several at once lose nothing.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'dotenv';

const script = join(import.meta.dirname, '../../generate-secrets.ts');
const root = fs.mkdtempSync(join(tmpdir(), 'gatehouse-crash-'));
after(() => fs.rmSync(root, { recursive: true }));

function start(folder: string, ...args: string[]): ChildProcess {
  return spawn(process.execPath, [script, ...args], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
}

// Loaded before the command: kills it just before its nth call for the folder's files, a write after half of its bytes.
const killAtCall = `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  let left = Number(process.env.KILL_AT_CALL);
  let begun = false;
  for (const name of ['openSync', 'writeFileSync', 'fchownSync', 'fchmodSync', 'fsyncSync', 'closeSync', 'renameSync', 'unlinkSync']) {
    const real = fs[name];
    fs[name] = (...args) => {
      begun ||= String(args[0]).startsWith(process.cwd());
      if (begun && left-- === 0) {
        if (name === 'writeFileSync') real(args[0], args[1].subarray(0, args[1].length >> 1));
        process.kill(process.pid, 'SIGKILL');
      }
      return real(...args);
    };
  }
  syncBuiltinESMExports();
`;

function startMortal(folder: string, call: number, ...args: string[]): ChildProcess {
  const preload = `data:text/javascript,${encodeURIComponent(killAtCall)}`;
  const env = { ...process.env, KILL_AT_CALL: String(call) };
  return spawn(process.execPath, ['--import', preload, script, ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

async function finish(child: ChildProcess): Promise<{ readonly code: number | null; readonly err: string }> {
  let err = '';
  child.stderr?.on('data', (chunk) => {
    err += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, err };
}

const folderOf = () => fs.mkdtempSync(join(root, 'case-'));
const rotateAll = ['--rotate', 'all', '--yes'];

/** Throws unless `text` is a whole file: as long as its neighbours, with a last line, and a chain of keys from `former`. */
function assertNewAndWhole(text: string, old: string): void {
  const former = parse(old);
  const values = parse(text);
  assert.match(values['SECRET_KEY'] ?? '', /^[\da-f]{64}$/);
  assert.ok(values['SECRET_KEY_FALLBACKS']?.startsWith(former['SECRET_KEY'] ?? '-'));
  assert.ok(values['GATE_SECRET_FALLBACKS']?.startsWith(former['GATE_SECRET'] ?? '-'));
  assert.notEqual(values['REDIS_PASSWORD'], former['REDIS_PASSWORD']);
  assert.equal(values['LAST'], 'line');
  assert.ok(text.endsWith('LAST=line\n'));
}

test('killed at 40 random instants: old or new, whole, 0600, and the next run cleans up', {
  timeout: 120_000,
}, async () => {
  const folder = folderOf();
  const env = join(folder, '.env');
  await finish(start(folder));
  fs.appendFileSync(env, 'LAST=line\n');
  const begin = performance.now();
  assert.equal((await finish(start(folder, ...rotateAll))).code, 0);
  const wholeMs = performance.now() - begin;
  let changed = 0;
  let killed = 0;
  for (let i = 0; i < 40; i++) {
    const old = fs.readFileSync(env, 'utf8');
    const child = start(folder, ...rotateAll);
    const ending = finish(child);
    // Half of them while something is seen to be written, or late: that is where the danger is.
    const late = i % 4 === 3 ? 0.6 : 0;
    const watched = [undefined, /\.tmp$/, /^\.env\.[\da-f]{12}\.tmp$/][i % 4];
    const watcher =
      watched && fs.watch(folder, (_, name) => watched.test(name ?? '') && child.kill('SIGKILL'));
    const delayMs = (late + Math.random() * (1.1 - late)) * wholeMs;
    const timer = watcher ? undefined : setTimeout(() => child.kill('SIGKILL'), delayMs);
    await ending;
    clearTimeout(timer);
    watcher?.close();
    if (child.signalCode === 'SIGKILL') killed++;
    const text = fs.readFileSync(env, 'utf8');
    assert.equal((fs.statSync(env).mode & 0o777).toString(8), '600');
    if (text === old) continue;
    changed++;
    assertNewAndWhole(text, old);
  }
  assert.ok(killed >= 20, `${killed} of 40 were killed, ${changed} changed the file`);
  const { code, err } = await finish(start(folder, ...rotateAll));
  assert.equal(code, 0, err);
  assert.deepEqual(
    fs.readdirSync(folder).filter((name) => name.endsWith('.tmp')),
    [],
  );
});

test('killed before each call into the file system: old or new, whole, and the next run mends it', {
  timeout: 120_000,
}, async () => {
  const outcomes = { old: 0, new: 0, calls: 0 };
  for (; ; outcomes.calls++) {
    const folder = folderOf();
    const env = join(folder, '.env');
    const old = `SECRET_KEY=${'0123456789abcdef'.repeat(4)}\nGATE_SECRET=${'Zk3vQ9xT7mB1nL5c'.repeat(3)}\nLAST=line\n`;
    fs.writeFileSync(env, old, { mode: 0o600 });
    const child = startMortal(folder, outcomes.calls, '--rotate', 'session,gate', '--yes');
    const { code } = await finish(child);
    const text = fs.readFileSync(env, 'utf8');
    if (text === old) outcomes.old++;
    else {
      outcomes.new++;
      assert.match(parse(text)['SECRET_KEY'] ?? '', /^[\da-f]{64}$/);
      assert.equal(parse(text)['SECRET_KEY_FALLBACKS'], parse(old)['SECRET_KEY']);
      assert.equal(parse(text)['GATE_SECRET_FALLBACKS'], parse(old)['GATE_SECRET']);
      assert.match(text, /\nREDIS_PASSWORD=[\w-]{43}\n$/);
    }
    assert.equal((fs.statSync(env).mode & 0o777).toString(8), '600');
    for (const name of fs.readdirSync(folder).filter((entry) => /backup-[^.]*$/.test(entry))) {
      assert.equal(fs.readFileSync(join(folder, name), 'utf8'), old, 'a backup is whole as well');
    }
    if (code === 0) break;
    assert.equal(child.signalCode, 'SIGKILL');
    if (outcomes.calls % 4) continue;
    const next = await finish(start(folder, '--rotate', 'session,gate', '--yes'));
    assert.equal(next.code, 0, next.err);
    assert.deepEqual(
      fs.readdirSync(folder).filter((entry) => entry.endsWith('.tmp')),
      [],
    );
  }
  assert.ok(outcomes.calls > 15 && outcomes.old > 10 && outcomes.new > 2, JSON.stringify(outcomes));
});

test('killed while it makes the file: none or a whole one', { timeout: 60_000 }, async () => {
  for (let i = 0; i < 8; i++) {
    const folder = folderOf();
    const child = start(folder);
    const ending = finish(child);
    const watcher = fs.watch(folder, (_, name) => name?.endsWith('.tmp') && child.kill('SIGKILL'));
    await ending;
    watcher.close();
    const env = join(folder, '.env');
    if (fs.existsSync(env)) assert.match(parse(fs.readFileSync(env))['REDIS_PASSWORD'] ?? '', /^[\w-]{43}$/);
    assert.equal((await finish(start(folder))).code, 0);
    assert.deepEqual(fs.readdirSync(folder).sort(), ['.env', '.env.lock']);
  }
});

test('several at once lose nothing: every key is in the chain', { timeout: 60_000 }, async () => {
  const folder = folderOf();
  const env = join(folder, '.env');
  await finish(start(folder));
  const first = parse(fs.readFileSync(env))['SECRET_KEY'];
  const runs = Array.from({ length: 4 }, () => finish(start(folder, '--rotate', 'session,gate', '--yes')));
  for (const { code, err } of await Promise.all(runs)) assert.equal(code, 0, err);
  const values = parse(fs.readFileSync(env));
  const fallbacks = values['SECRET_KEY_FALLBACKS']?.split(',') ?? [];
  assert.deepEqual([fallbacks.length, new Set([...fallbacks, values['SECRET_KEY']]).size], [4, 5]);
  assert.equal(fallbacks.at(-1), first);
  assert.equal(values['GATE_SECRET_FALLBACKS']?.split(',').length, 4);
  assert.equal(fs.readdirSync(folder).filter((name) => name.includes('backup')).length, 4);
});

test('two that make the file at once: one makes it, the other finds it', { timeout: 60_000 }, async () => {
  const folder = folderOf();
  const [a, b] = await Promise.all([finish(start(folder)), finish(start(folder))]);
  assert.deepEqual([a.code, b.code], [0, 0], a.err + b.err);
  assert.deepEqual(fs.readdirSync(folder).sort(), ['.env', '.env.lock']);
});
