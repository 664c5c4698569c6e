// New passphrases for the vault, and the emergency mode: the order of its steps, and what it prints.
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'dotenv';
import { loadConfig } from '../config/load.ts';
import { auditKeyOf } from '../crypto/kdf.ts';
import { secretKinds } from './kinds.ts';
import { place } from './place.fixture.ts';
import { fileVault } from './vault.fixture.ts';
import type { VaultSteps } from './vault-change.ts';

/** A complete .env, and a vault that opens with it. */
async function house() {
  const made = place();
  await made.run([]);
  const path = join(made.folder, 'vault.json');
  const vault = fileVault(path);
  vault.create(made.values()['VAULT_PASSPHRASE'] ?? '', 'a cookie');
  const opens = () => vault.read(made.values()['VAULT_PASSPHRASE'] ?? '');
  const sealed = () => JSON.parse(fs.readFileSync(path, 'utf8')).entries[0];
  return { ...made, vault, opens, sealed };
}

test('a new passphrase: the vault opens only with it, and its entries are unchanged', async () => {
  const { run, values, vault, opens, sealed } = await house();
  const [former, entry] = [values()['VAULT_PASSPHRASE'] ?? '', sealed()];
  const { code, out } = await run(['--rotate', 'vault', '--yes'], { vault });
  assert.equal(code, 0);
  assert.deepEqual([opens(), sealed(), vault.slots()], [['a cookie'], entry, 1]);
  assert.throws(() => vault.read(former));
  assert.match(
    out,
    /^VAULT_PASSPHRASE: nobody is signed out \(replaced, fingerprint [\da-f]{8} -> [\da-f]{8}\)$/m,
  );
  assert.match(out, /^A running app keeps using the vault’s key that it holds in memory/m);
  assert.match(out, /^To use them: docker compose up -d, or send the app SIGHUP\.$/m);
});

test('without a vault only .env changes', async () => {
  const { run, values, folder } = await house();
  const former = values()['VAULT_PASSPHRASE'];
  const vault = fileVault(join(folder, 'none.json'));
  assert.equal((await run(['--rotate', 'vault', '--yes'], { vault })).code, 0);
  assert.equal((await run(['--rotate', 'vault', '--yes'])).code, 0);
  assert.notEqual(values()['VAULT_PASSPHRASE'], former);
});

test('a vault that does not open with the current passphrase: nothing changes, and the fix is printed', async () => {
  const { run, read, env, vault, names } = await house();
  fs.writeFileSync(env, read().replace(/^VAULT_PASSPHRASE=.*$/m, `VAULT_PASSPHRASE=${'wrong'.repeat(9)}`));
  const [before, files] = [read(), names()];
  for (const args of [
    ['--rotate', 'vault'],
    ['--rotate', 'all', '--emergency'],
    ['--rotate', 'vault', '--dry-run'],
  ]) {
    const { code, err } = await run([...args, '--yes'], { vault });
    assert.deepEqual([code, read(), names()], [1, before, files]);
    assert.match(err, /does not open with this VAULT_PASSPHRASE: enter the one that it was created with/);
  }
  fs.writeFileSync(env, read().replace(/^VAULT_PASSPHRASE=.*$/m, 'VAULT_PASSPHRASE='));
  const empty = await run([], { vault });
  assert.equal(empty.code, 1);
  assert.match(empty.err, /there is a vault, but no VAULT_PASSPHRASE to open it/);
  assert.equal((await run(['--rotate', 'session', '--dry-run'], { vault })).code, 1);
});

test('what a killed run left in the vault is removed by the next run of any kind', async () => {
  const { run, values, vault, opens } = await house();
  await vault.addPassphrase(values()['VAULT_PASSPHRASE'] ?? '', 'left over from before');
  assert.equal(vault.slots(), 2);
  await run(['--dry-run'], { vault });
  assert.equal(vault.slots(), 2, 'a dry run writes nothing');
  await run([], { vault });
  assert.deepEqual([vault.slots(), opens()], [1, ['a cookie']]);
});

test('an editor saves during the question: the vault opens with the file that is there', async () => {
  const { run, read, env, vault, opens } = await house();
  const meanwhile = () => fs.writeFileSync(env, `${read()}MINE=1\n`);
  const { code } = await run(['--rotate', 'vault'], { vault, answer: true, meanwhile });
  assert.deepEqual([code, vault.slots(), opens()], [1, 1, ['a cookie']]);
});

test('a vault that fails at the end: .env is new, this is reported, and the next run fixes it', async () => {
  const { run, vault, opens } = await house();
  const failing: VaultSteps = { ...vault, keepOnly: () => Promise.reject(new Error('disk full')) };
  // The first cleanup of leftovers succeeds, so that the failure occurs at the end of the run.
  let calls = 0;
  const late: VaultSteps = {
    ...failing,
    keepOnly: (kept) => (calls++ === 0 ? vault.keepOnly(kept) : failing.keepOnly(kept)),
  };
  const { code, out } = await run(['--rotate', 'vault', '--yes'], { vault: late });
  assert.deepEqual([code, vault.slots(), opens()], [1, 2, ['a cookie']]);
  assert.match(out, /could not be finished: run this again/);
  await run([], { vault });
  assert.deepEqual([vault.slots(), opens()], [1, ['a cookie']]);
});

test('an emergency: no stolen secret works any more, everyone is signed out first, the vault has a new data key', async () => {
  const { run, read, values, vault, opens, sealed, names, folder } = await house();
  await run(['--rotate', 'session,gate', '--yes']);
  const [old, before, entry] = [read(), values(), sealed()];
  const seen: string[] = [];
  const endEverything = async (file: string) => {
    seen.push(fs.readFileSync(file, 'utf8'));
    return { gate: 41, sessions: 34 };
  };
  const args = ['--rotate', 'all', '--emergency', '--yes'];
  const { code, out } = await run(args, { vault, endEverything, countPeople: async () => 12 });
  assert.equal(code, 0);
  assert.deepEqual(seen, [old], 'with the settings of before: Redis still has its old password');
  const now = values();
  for (const { name } of secretKinds) assert.notEqual(now[name], before[name], name);
  assert.deepEqual([now['SECRET_KEY_FALLBACKS'], now['GATE_SECRET_FALLBACKS']], ['', '']);
  const keys = [before['SECRET_KEY'] ?? '', before['SECRET_KEY_FALLBACKS'] ?? ''].map(auditKeyOf);
  assert.equal(now['AUDIT_KEY_FALLBACKS'], keys.join(','));
  assert.equal(now['SECRET_DATES']?.split(',').length, 5);
  assert.deepEqual([opens(), vault.slots()], [['a cookie'], 1]);
  assert.notEqual(sealed(), entry, 'encrypted again');
  const [backup = '', ...others] = names().filter((name) => name.includes('backup'));
  assert.deepEqual(
    [parse(fs.readFileSync(join(folder, backup)))['SECRET_KEY'], others],
    [before['SECRET_KEY'], []],
  );
  assert.ok('config' in loadConfig({ env: now }));
  for (const line of [
    /^ATTENTION: .*\.env\.backup-\S+ still contains the STOLEN secrets/m,
    /^34 sessions of the app ended\.$/m,
    /^41 sessions at the gate deleted\.$/m,
    /^SECRET_KEY: everyone is signed out \(.*2 former ones dropped\)$/m,
    /^OAUTH2_PROXY_COOKIE_SECRET: 12 people sign in to Google again \(/m,
    /^ {2}2\. Google, the OAuth client \(https:\/\/console\.cloud\.google\.com/m,
    /ADMIN_EMAILS/,
    /NOTIFY_WEBHOOK_SECRET/,
  ])
    assert.match(out, line);
});

test('whatever cannot be reached is reported, with how to reach it', async () => {
  const { run } = await house();
  const endEverything = async () => ({ gate: 'unreachable', sessions: 'unreachable' }) as const;
  const args = ['--rotate', 'all', '--emergency', '--yes'];
  const { out } = await run(args, { endEverything });
  assert.match(out, /they end when the app has the new SECRET_KEY/);
  assert.match(out, /docker compose exec app node src\/main\.ts sessions revoke --all --yes/);
  const json = JSON.parse((await run([...args, '--json'], { endEverything })).out);
  assert.deepEqual(json.ended, { gate: 'unreachable', sessions: 'unreachable' });
  assert.ok(json.checklist.length >= 8);
  const cookies = await run(args, { endEverything: async () => ({ gate: 'in cookies', sessions: 1 }) });
  assert.match(cookies.out, /^1 session of the app ended\.\nThe gate keeps its sessions in cookies/m);
});

test('an emergency needs more confirmation than a change, and a no leaves everyone signed in', async () => {
  const { run, read } = await house();
  const before = read();
  let ended = 0;
  const endEverything = async () => ({ gate: 0, sessions: ++ended });
  const { code, asked } = await run(['--rotate', 'all', '--emergency'], { answer: false, endEverything });
  assert.deepEqual([code, read(), ended], [1, before, 0]);
  assert.match(asked[0] ?? '', /and sign everyone out\? \[y\/N\] $/);
});

test('the question shows what will be written, and how many people are affected', async () => {
  const { run, values } = await house();
  const before = values();
  const count = (people: number | undefined) => ({ answer: false, countPeople: async () => people });
  const shown = await run(['--rotate', 'oauth2'], count(12));
  assert.match(
    shown.out,
    /^OAUTH2_PROXY_COOKIE_SECRET: 12 people sign in to Google again; choose a quiet hour \(/m,
  );
  assert.match((await run(['--rotate', 'oauth2'], count(1))).out, /: 1 person signs in to Google again/);
  assert.match((await run(['--rotate', 'oauth2'], count(0))).out, /: nobody is signed in here; people with/);
  assert.match(
    (await run(['--rotate', 'oauth2'], count(undefined))).out,
    /: everyone signs in to Google again/,
  );
  const asked = { answer: true, countPeople: () => Promise.reject(new Error('not for this')) };
  const { out } = await run(['--rotate', 'session'], asked);
  const [, from, to] = /^SECRET_KEY: .*fingerprint ([\da-f]{8}) -> ([\da-f]{8}),/m.exec(out) ?? [];
  const { fingerprint } = await import('../crypto/tokens.ts');
  assert.deepEqual(
    [from, to],
    [before, values()].map((all) => fingerprint(all['SECRET_KEY'] ?? '')),
  );
});
