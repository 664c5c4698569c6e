// What a command loads: help needs neither the settings nor any library, and a list loads only what it needs.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-start-up-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `gatehouse …` in an empty folder. @returns what it loaded: files of this program, and names of packages */
function load(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const counter = join(root, 'test/support/count-modules.mjs');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', counter, join(root, 'src/main.ts'), ...args],
    { cwd: folder, encoding: 'utf8', env: { PATH: process.env['PATH'], HOME: folder, ...env } },
  );
  const urls: string[] = JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '[]');
  const paths = urls
    .filter((url) => url.startsWith('file:'))
    .map((url) => fileURLToPath(url).slice(root.length + 1));
  const packages = paths.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
  return { status, stdout, stderr, count: paths.length, paths, packages: [...new Set(packages)] };
}

const names = [
  'serve',
  'sessions',
  'audit',
  'doctor',
  'store',
  'vault',
  'confluence',
  'clock',
  'backup',
  'restore',
  'move-store',
  'guard',
];

test('help loads only the terminal frame and the text of its command, and no library', () => {
  for (const args of [
    ['help'],
    ...names.map((name) => [name, '--help']),
    ['confluence', 'export', '--help'],
  ]) {
    const { status, stdout, count, packages, paths } = load(args);
    assert.equal(status, 0);
    assert.match(stdout, new RegExp(`^gatehouse${args[0] === 'help' ? ':' : ` ${args[0]}`}`));
    assert.deepEqual(packages, [], args.join(' '));
    assert.ok(count <= 6, `${args.join(' ')} loads ${count}: ${paths.join(' ')}`);
  }
});

test('wrong arguments load no more than help, and are reported before wrong settings', () => {
  const { status, stderr, count } = load(['sessions', 'end'], { PORT: 'none' });
  assert.equal(status, 2);
  assert.match(stderr, /^gatehouse sessions: there is no "end"; see `gatehouse sessions --help`\n/);
  assert.ok(count <= 6);
});

test('sessions list on SQLite loads no web server, no Redis and nothing that ends sessions', () => {
  const settings = {
    SECRET_KEY: randomBytes(32).toString('hex'),
    GATE_SECRET: randomBytes(32).toString('base64url'),
    DEV_MODE: 'true',
    AUDIT_LOG_FILE: 'off',
  };
  const { status, stdout, stderr, count, packages, paths } = load(['sessions', 'list'], settings);
  assert.equal(status, 0, stderr);
  assert.equal(stdout, 'Nobody is signed in.\n');
  for (const absent of [
    'express',
    'express-session',
    'ioredis',
    'connect-redis',
    'bowser',
    'htmlparser2',
    'yaml',
  ])
    assert.ok(!packages.includes(absent), absent);
  for (const absent of [
    'src/wiring/session-control.ts',
    'src/store/redis.ts',
    'src/commands/sessions-revoke.ts',
  ])
    assert.ok(!paths.includes(absent), absent);
  assert.ok(count <= 260, `${count} modules`);
});

test('compiled code is kept only in a private folder', () => {
  const cache = join(folder, '.cache', 'gatehouse-compiled');
  assert.equal(statSync(cache).mode & 0o777, 0o700);
  const other = join(folder, 'other');
  load(['help'], { NODE_COMPILE_CACHE: other, XDG_CACHE_HOME: join(folder, 'unused') });
  assert.ok(statSync(other).isDirectory());
  assert.equal(statSync(join(folder, 'unused'), { throwIfNoEntry: false }), undefined);
  load(['help'], { NODE_DISABLE_COMPILE_CACHE: '1', XDG_CACHE_HOME: join(folder, 'unused') });
  assert.equal(statSync(join(folder, 'unused'), { throwIfNoEntry: false }), undefined);
});
