// A process that works on a vault until it is killed, and prints what it has done: `node vault-worker.ts <folder> <name> <all|loads>`.
// `<folder>/passphrase` takes the place of `.env`, and is replaced the way the generator replaces it.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../../src/store/replace-file.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import type { Load, Vault } from '../../src/vault/contract.ts';
import { openVault, vaultPath } from '../../src/vault/open.ts';
import { createVaultSteps } from '../../src/vault/passphrases.ts';
import { quickStretch } from './quick-stretch.ts';

const [folder = '', name = '', mode = ''] = process.argv.slice(2);
const envFile = join(folder, 'passphrase');
const store = openSqliteStore(folder);
// Does not import vault.ts next to it: a process that is killed many times must start quickly.
const recorder = { write: async () => {}, note: () => {} };
const loadOf = (owner: string): Load => ({
  owner: { id: owner, name: owner },
  target: new URL('https://wiki.test/confluence'),
  source: 'terminal',
  by: 'terminal',
});
const bindings = { bindMachine: true, machineId: async () => 'a machine', stretch: quickStretch };

const say = (line: string) => void process.stdout.write(`${line}\n`);
const inEnv = () => readFileSync(envFile, 'utf8');
const openNow = () => {
  const config = { dataDir: folder, vault: { passphrase: inEnv(), ttlMs: 1e9, bindMachine: true } };
  return openVault({ config: () => config, notes: store.notes, recorder, now: Date.now, ...bindings });
};

async function load(vault: Vault, owner: string): Promise<void> {
  let outcome = await vault.load(`v=${owner}`, loadOf(owner));
  // On a slow disk the others need longer than a change waits; its message says to try again.
  while (outcome.kind === 'closed' && outcome.fault === 'busy')
    outcome = await vault.load(`v=${owner}`, loadOf(owner));
  if (outcome.kind !== 'loaded') throw new Error(JSON.stringify(outcome));
  say(`loaded ${owner}`);
}

async function newPassphrase(): Promise<void> {
  const steps = createVaultSteps({ path: vaultPath(folder), now: Date.now, ...bindings });
  const [present, next] = [inEnv(), randomBytes(16).toString('hex')];
  await steps.addPassphrase(present, next);
  replaceFile(envFile, Buffer.from(next));
  await steps.keepOnly(next);
  say('passphrase');
}

let vault = openNow();
say('ready');
if (mode === 'loads') {
  for (let i = 0; i < 10; i++) await load(vault, `${name}-${i}`);
  await store.close();
} else {
  for (let i = 0; ; i++) {
    await load(vault, `${name}-${i}`);
    await newPassphrase();
    vault = openNow();
    await load(vault, `${name}-${i}-b`);
    await vault.replaceDataKey('terminal');
    say('key');
    say(`clearing ${name}-${i}`);
    await vault.clear({ owner: `${name}-${i}` }, 'terminal');
    say(`cleared ${name}-${i}`);
  }
}
