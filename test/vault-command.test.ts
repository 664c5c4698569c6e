// `gatehouse vault …`, the real command as a process: what it does, what it prints, its exit codes, and that it never prints a value.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, pbkdf2Sync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readArguments, runCommand } from '../src/commands/terminal.ts';
import { vaultCommand } from '../src/commands/vault.ts';
import type { VaultParts } from '../src/commands/vault-run.ts';
import { passphraseFault } from '../src/config/secret-strength.ts';
import { sealFernet } from '../src/crypto/fernet.ts';
import { compileCache } from './support/compile-cache.ts';
import { byTerminal, folderFor, passphrase, startVault } from './support/vault.ts';

const main = join(import.meta.dirname, '../src/main.ts');

function prepare(t: TestContext, env: Record<string, string> = {}) {
  const folder = folderFor(t);
  const settings = {
    DEV_MODE: 'true',
    SECRET_KEY: createHash('sha256').update(folder).digest('hex'),
    VAULT_PASSPHRASE: passphrase,
    // Machines in CI may not have an id.
    VAULT_BIND_MACHINE: 'false',
    CONFLUENCE_URL: 'https://wiki.test/confluence',
    AUDIT_LOG_FILE: 'off',
    ...env,
  };
  writeFileSync(
    join(folder, '.env'),
    Object.entries(settings)
      .map(([name, value]) => `${name}='${value}'\n`)
      .join(''),
  );
  const run = async (args: string, input = '') => {
    const child = spawn(process.execPath, [main, 'vault', ...args.split(' ')], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', ...compileCache },
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.stdin.end(input);
    const [code] = await once(child, 'close');
    return { code, out, err, all: out + err };
  };
  return { folder, run };
}

test('load, status, rekey and clear, as a user runs them', { timeout: 240_000 }, async (t) => {
  const { folder, run } = prepare(t);
  const file = join(folder, 'cookies', 'confluence_cookies.txt');
  assert.deepEqual(await run('status'), {
    code: 0,
    out: 'The vault is empty.\n',
    err: '',
    all: 'The vault is empty.\n',
  });
  assert.match((await run('load')).out, /was created: paste the cookies into it/);
  assert.match((await run('load')).err, /There are no cookies in cookies\/confluence_cookies\.txt/);
  writeFileSync(file, `${readFileSync(file, 'utf8')}JSESSIONID=planted-5ecret; b=2\n`);
  const loaded = await run('load');
  assert.equal(loaded.code, 0);
  assert.match(
    loaded.out,
    /^2 cookies for wiki\.test stored in the vault, expiring in 1[34] days: JSESSIONID b\.\nThey were removed from/,
  );
  const piped = await run('load - --url https://other.test --owner ada', 'c=planted-5ecret');
  assert.equal(piped.code, 0);
  const status = await run('status');
  assert.match(
    status.out,
    /^other\.test {2}fresh {2}1 cookies? of ada.*\nwiki\.test {2}fresh {2}2 cookies of the terminal/,
  );
  const json = await run('status --json');
  const { entries, keyId } = JSON.parse(json.out);
  assert.equal(entries.length, 2);
  assert.equal((await run('rekey --data-key')).code, 0);
  assert.notEqual(JSON.parse((await run('status --json')).out).keyId, keyId);
  assert.match((await run('rekey')).err, /node generate-secrets\.ts --rotate vault/);
  assert.match((await run('rekey --drop-old')).err, /nothing to do/);
  assert.equal((await run('clear --host wiki.test')).code, 0);
  assert.equal((await run('clear --host wiki.test')).code, 1);
  assert.equal((await run('clear --all --yes')).code, 0);
  for (const { all } of [loaded, piped, status, json]) assert.doesNotMatch(all, /5ecret/);
});

test('each reason for a vault that does not open has its own line and fix, and exit code 1', {
  timeout: 240_000,
}, async (t) => {
  const { folder, run } = prepare(t);
  await run('load -', 'a=1');
  const env = readFileSync(join(folder, '.env'), 'utf8');
  const path = join(folder, 'data', 'vault.json');
  const whole = readFileSync(path);
  writeFileSync(join(folder, '.env'), env.replace(passphrase, 'another passphrase'));
  const wrong = await run('status');
  assert.deepEqual([wrong.code, wrong.out], [1, '']);
  assert.match(wrong.err, /does not open with VAULT_PASSPHRASE/);
  writeFileSync(join(folder, '.env'), env);
  await run('load -', 'a=2');
  writeFileSync(path, whole);
  assert.match((await run('status')).err, /older than one that was seen before/);
  assert.equal((await run('rekey --data-key --accept-restored')).code, 0);
  writeFileSync(path, readFileSync(path).subarray(1));
  assert.match((await run('load -', 'a=3')).err, /damaged/);
  writeFileSync(join(folder, '.env'), env.replace(/^VAULT_PASSPHRASE.*$/m, ''));
  assert.match((await run('status')).err, /VAULT_PASSPHRASE is not set/);
});

test('the files of the former pipeline are imported and left unchanged', { timeout: 240_000 }, async (t) => {
  const { folder, run } = prepare(t);
  const salt = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
  const key = pbkdf2Sync('ConfluenceDataPipelinePC-1ada', salt, 100_000, 32, 'sha256');
  const content = { JSESSIONID: 'planted-5ecret', _expiration_time: Date.now() / 1000 + 86_400 };
  const sealed = sealFernet(key, Buffer.from(JSON.stringify(content)), Date.now());
  writeFileSync(join(folder, 'secure_cookies.enc'), sealed);
  writeFileSync(join(folder, '.salt'), salt);
  assert.match((await run('import-legacy')).err, /--computer and --user/);
  assert.match((await run('import-legacy --computer PC-1 --user bob')).err, /does not open with these names/);
  assert.match(
    (await run('import-legacy none.enc --computer PC-1 --user ada')).err,
    /none\.enc does not exist/,
  );
  const taken = await run('import-legacy --computer PC-1 --user ada');
  assert.equal(taken.code, 0, taken.err);
  assert.match(taken.out, /expiring in 2[34] hours: JSESSIONID\.\n.*Delete both/);
  assert.doesNotMatch(taken.all, /5ecret/);
  assert.equal(readFileSync(join(folder, 'secure_cookies.enc'), 'utf8'), sealed);
  assert.deepEqual(readFileSync(join(folder, '.salt')), salt);
  assert.match((await run('status')).out, /JSESSIONID/);
});

test('a passphrase is typed twice, and must survive a round trip through .env', async (t) => {
  const { vault, again, recorder } = startVault(t);
  await vault.load('a=1', byTerminal);
  const said: string[] = [];
  const rekey = async (...answers: (string | undefined)[]) => {
    said.length = 0;
    return runCommand(vaultCommand, ['rekey'], {
      open: async () => ({ vault, recorder, close: async () => {} }),
      url: undefined,
      cookieFile: '',
      computer: undefined,
      user: undefined,
      now: Date.now,
      readInput: async () => '',
      askSecret: async () => answers.shift(),
      out: (line) => said.push(line),
      err: (line) => said.push(line),
    });
  };
  for (const [answers, words] of [
    [['short'], /shorter than 12/],
    [["a long one with a quote '"], /single quote/],
    [['changeme changeme'], /placeholder/],
    [[' begins with a blank'], /blank/],
    [['the first of the two', 'the other of the two'], /passphrases differ/],
    [[undefined], /typed twice/],
  ] as const) {
    assert.equal(await rekey(...answers), 1);
    assert.match(said.join(), words);
  }
  assert.equal(await rekey('a new one for the vault', 'a new one for the vault'), 0);
  assert.match(said.join(), /Write the new one into \.env.*--drop-old/);
  assert.doesNotMatch(said.join(), /a new one for/);
  assert.equal((await again({ passphrase: 'a new one for the vault' }).status()).kind, 'open');
  assert.equal((await vault.status()).kind, 'open');
  assert.equal(passphraseFault('correct "horse" #battery$ `x`'), undefined);
});

test('wrong arguments: one line, exit code 2, nothing opened', async () => {
  for (const args of [
    [],
    ['foo'],
    ['load', 'file.txt'],
    ['load', '-', '-'],
    ['clear'],
    ['clear', '--all'],
    ['clear', '--all', '--yes', '--host', 'x'],
    ['rekey', '--data-key', '--drop-old'],
    ['rekey', '--accept-restored'],
    ['status', '--passphrase', 'x'],
    ['import-legacy', 'a', 'b'],
  ])
    assert.ok('wrong' in readArguments(vaultCommand, args), args.join(' '));
  const lines: string[] = [];
  const code = await runCommand(vaultCommand, ['load', '--url', 'ftp://x'], {
    open: async () => assert.fail('opened'),
    url: undefined,
    err: (line: string) => lines.push(line),
  } as unknown as VaultParts & { out(line: string): void; err(line: string): void });
  assert.equal(code, 2);
  assert.match(lines.join(), /set CONFLUENCE_URL, or use --url/);
});
