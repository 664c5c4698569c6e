// The real command as a child process: killed while it creates the file, and several run concurrently without losing anything. Kills while
// an existing file is changed are in kills.test.ts.
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

async function finish(child: ChildProcess): Promise<{ readonly code: number | null; readonly err: string }> {
  let err = '';
  child.stderr?.on('data', (chunk) => {
    err += chunk;
  });
  const [code] = await once(child, 'close');
  return { code, err };
}

const folderOf = () => fs.mkdtempSync(join(root, 'case-'));

test('killed while creating the file: either no file or a complete one', { timeout: 120_000 }, async () => {
  for (let i = 0; i < 5; i++) {
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

test('concurrent runs lose nothing: every key is in the chain', { timeout: 60_000 }, async () => {
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
  assert.equal(fs.readdirSync(folder).filter((name) => name.includes('backup')).length, 1);
});

test('two that create the file at once: one creates it, the other finds it', {
  timeout: 60_000,
}, async () => {
  const folder = folderOf();
  const [a, b] = await Promise.all([finish(start(folder)), finish(start(folder))]);
  assert.deepEqual([a.code, b.code], [0, 0], a.err + b.err);
  assert.deepEqual(fs.readdirSync(folder).sort(), ['.env', '.env.lock']);
});
