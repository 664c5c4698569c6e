// The generator on files that are not regular files, on a vault in a container's volume, and run by root on somebody else's files.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'dotenv';
import { createVaultFile } from '../src/vault/vault-file.ts';

const script = resolve(import.meta.dirname, '../generate-secrets.ts');
const root = fs.mkdtempSync(join(tmpdir(), 'gatehouse-places-'));
after(() => fs.rmSync(root, { recursive: true }));
const folderOf = () => fs.mkdtempSync(join(root, 'case-'));

/** Runs the real command; one that hangs is killed, with code null. */
function run(folder: string, ...args: string[]) {
  return new Promise<{ readonly code: unknown; readonly out: string; readonly err: string }>((done) => {
    const options = { cwd: folder, timeout: 20_000, killSignal: 'SIGKILL' } as const;
    execFile(process.execPath, [script, ...args], options, (error, out, err) =>
      done({ code: error ? (error.code ?? null) : 0, out, err }),
    );
  });
}

const valuesIn = (folder: string) => parse(fs.readFileSync(join(folder, '.env')));

/** A complete .env, in a folder where Compose runs the app. */
async function composeFolder(): Promise<string> {
  const folder = folderOf();
  assert.equal((await run(folder)).code, 0);
  fs.writeFileSync(join(folder, 'docker-compose.yml'), 'services: {}\n');
  return folder;
}

test('a pipe or a folder in place of .env: refused immediately in plain words', async () => {
  const [piped, held] = [folderOf(), folderOf()];
  execFileSync('/usr/bin/env', ['mkfifo', join(piped, '.env')]);
  fs.mkdirSync(join(held, '.env'));
  for (const [folder, words] of [
    [piped, 'is not a regular file'],
    [held, 'is a folder: name a file with --env'],
  ] as const) {
    const { code, err } = await run(folder, '--rotate', 'all', '--yes');
    assert.equal(code, 1);
    assert.equal(err, `${join(folder, '.env')} ${words}; nothing was changed\n`);
  }
});

test('a vault in a volume: a new passphrase is refused with the commands to run instead', async () => {
  const folder = await composeFolder();
  const before = fs.readFileSync(join(folder, '.env'), 'utf8');
  for (const [args, command, others] of [
    [['--rotate', 'vault'], '--rotate vault', ''],
    [
      ['--rotate', 'all', '--prune'],
      '--rotate session,gate,oauth2,vault,redis --prune',
      'session,gate,oauth2,redis',
    ],
    [['--rotate', 'vault', '--dry-run'], '--rotate vault', ''],
  ] as const) {
    const { code, err } = await run(folder, ...args, '--yes');
    assert.equal(code, 1);
    const lines = err.split('\n');
    assert.match(
      lines[0] ?? '',
      /the vault is in the app’s volume, .*; nothing was changed\. Run these commands instead/,
    );
    assert.deepEqual(lines.slice(1, 5), [
      `  node generate-secrets.ts ${command} --vault-by-hand`,
      '  docker compose exec app node src/main.ts vault rekey   (type the new VAULT_PASSPHRASE of .env, twice)',
      '  docker compose up -d --wait',
      '  docker compose exec app node src/main.ts vault rekey --drop-old',
    ]);
    assert.equal(err.includes(`Or leave the vault as it is: --rotate ${others}\n`), others !== '');
    assert.equal(fs.readFileSync(join(folder, '.env'), 'utf8'), before);
  }
  assert.equal((await run(folder, '--rotate', 'session,gate,oauth2,redis', '--yes')).code, 0);
});

test('it proceeds with a confirmation to run them by hand, and in an emergency; both print the commands', async () => {
  const folder = await composeFolder();
  for (const [args, last] of [
    [['--rotate', 'vault', '--vault-by-hand'], 'vault rekey --drop-old'],
    [['--rotate', 'all', '--emergency'], 'vault rekey --data-key'],
  ] as const) {
    const former = valuesIn(folder)['VAULT_PASSPHRASE'];
    const { code, out } = await run(folder, ...args, '--yes');
    assert.equal(code, 0);
    assert.notEqual(valuesIn(folder)['VAULT_PASSPHRASE'], former);
    const at = out.indexOf('ATTENTION: the vault in the app’s volume does not have the new passphrase yet.');
    assert.ok(at > out.indexOf('To use them: docker compose up -d') && out.indexOf(last) > at, out);
  }
  const { out } = await run(folder, '--rotate', 'vault', '--vault-by-hand', '--yes', '--json');
  const report = JSON.parse(out);
  assert.deepEqual([report.vault, report.vaultCommands.length], ['elsewhere', 3]);
  assert.equal((await run(folder, '--rotate', 'session', '--vault-by-hand', '--yes')).code, 2);
});

test('a vault that is accessible under Compose gets the new passphrase as usual', async () => {
  const folder = await composeFolder();
  fs.appendFileSync(join(folder, '.env'), 'VAULT_BIND_MACHINE=false\n');
  const path = join(folder, 'data', 'vault.json');
  const vault = vaultAt(path);
  const former = valuesIn(folder)['VAULT_PASSPHRASE'] ?? '';
  assert.equal(await vault.change(former, async () => ({ entries: [] })), 'changed');
  const { code, out } = await run(folder, '--rotate', 'vault', '--yes');
  assert.equal(code, 0, out);
  const opened = await vault.open(valuesIn(folder)['VAULT_PASSPHRASE'] ?? '');
  assert.ok(opened !== 'none' && !('fault' in opened) && opened.slots.length === 1);
});

/** Opens the vault as a server here would. */
function vaultAt(path: string) {
  return createVaultFile({ path, bindMachine: false, machineId: async () => undefined, now: Date.now });
}

const needsRoot = process.geteuid?.() === 0 ? {} : { skip: 'only root can work on what is somebody else’s' };

test(
  'run as root: files of another user keep their owner, including the lock and the vault',
  needsRoot,
  async () => {
    const folder = folderOf();
    await run(folder);
    fs.appendFileSync(join(folder, '.env'), 'VAULT_BIND_MACHINE=false\n');
    fs.rmSync(join(folder, '.env.lock'));
    const path = join(folder, 'data', 'vault.json');
    const vault = vaultAt(path);
    await vault.change(valuesIn(folder)['VAULT_PASSPHRASE'] ?? '', async () => ({ entries: [] }));
    fs.rmSync(`${path}.lock`);
    for (const name of ['.', '.env', 'data', 'data/vault.json']) fs.chownSync(join(folder, name), 1234, 1234);
    const { code, err } = await run(folder, '--rotate', 'session,vault', '--yes');
    assert.equal(code, 0, err);
    const names = fs.readdirSync(folder, { recursive: true }).map(String);
    assert.ok(names.includes('.env.lock') && names.some((name) => name.startsWith('.env.backup-')));
    for (const name of names) {
      const { uid, gid, mode } = fs.statSync(join(folder, name));
      assert.deepEqual([name, uid, gid], [name, 1234, 1234]);
      if (name !== 'data') assert.equal((mode & 0o777).toString(8), '600', name);
    }
  },
);

test('a lock that cannot be acquired: refused in plain words', async () => {
  const folder = folderOf();
  await run(folder);
  fs.rmSync(join(folder, '.env.lock'));
  fs.mkdirSync(join(folder, '.env.lock'));
  const before = fs.readFileSync(join(folder, '.env'), 'utf8');
  const { code, err } = await run(folder, '--rotate', 'session', '--yes');
  assert.deepEqual([code, fs.readFileSync(join(folder, '.env'), 'utf8')], [1, before]);
  assert.match(
    err,
    /cannot be acquired: .*\.env\.lock is a folder, but must be a file: .*; nothing was changed\n$/,
  );
});
