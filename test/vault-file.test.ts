// The vault's file: everything that is changed in it, cut off or put back is detected, and a process that could not open the file leaves
// it alone.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import type { VaultSteps } from '../src/secrets/vault-change.ts';
import type { Vault } from '../src/vault/contract.ts';
import { faultWords, type VaultFault } from '../src/vault/faults.ts';
import { createVaultSteps } from '../src/vault/passphrases.ts';
import { createVaultFile } from '../src/vault/vault-file.ts';
import { byTerminal, dayMs, passphrase, startVault, target } from './support/vault.ts';

const host = target.host;
const other = { ...byTerminal, owner: { id: '7', name: 'ada@example.org' } };

async function faultOf(vault: Vault): Promise<VaultFault | string> {
  const status = await vault.status();
  return status.kind === 'closed' ? status.fault : status.kind;
}

interface Json {
  version: number;
  generation: number;
  slots: { salt: string; rounds: number; bound: boolean; machine: string; wrapped: string }[];
  entries: string[];
  mac: string;
  sum: string;
}

function eachSlot(file: Json, work: (slot: Json['slots'][0]) => Json['slots'][0]): void {
  file.slots = file.slots.map(work);
}

/** Edits the file as somebody without the key would, and corrects the checksum. */
function edit(path: string, work: (file: Json) => void): void {
  const file = JSON.parse(readFileSync(path, 'utf8')) as Json;
  work(file);
  const { sum: _, ...signed } = file;
  file.sum = createHash('sha256').update(JSON.stringify(signed)).digest('base64url');
  writeFileSync(path, `${JSON.stringify(file, null, 2)}\n`);
}

test('every byte of the file is authenticated, and any change of length is detected', async (t) => {
  const { path, vault } = startVault(t);
  await vault.load('a=1', byTerminal);
  const whole = readFileSync(path);
  const file = createVaultFile({ path, bindMachine: false, machineId: async () => 'x', now: Date.now });
  for (let i = 0; i < whole.length; i++) {
    const changed = Buffer.from(whole);
    changed[i] = (changed[i] ?? 0) ^ (1 << (i % 8));
    writeFileSync(path, changed);
    assert.deepEqual(await file.open(passphrase), { kind: 'closed', fault: 'damaged' }, `byte ${i}`);
  }
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length));
    assert.deepEqual(await file.open(passphrase), { kind: 'closed', fault: 'damaged' }, `${length} bytes`);
  }
  assert.deepEqual(await vault.load('a=2', byTerminal), { kind: 'closed', fault: 'damaged' });
  assert.equal(statSync(path).size, whole.length - 1, 'what does not open is not written over');
  writeFileSync(path, whole);
  assert.equal(await faultOf(vault), 'open');
});

test('edited with a corrected checksum: still detected', async (t) => {
  const { path, vault } = startVault(t);
  await vault.load('a=1', byTerminal);
  await vault.load('b=2', other);
  const whole = readFileSync(path);
  const elsewhere = startVault(t);
  await elsewhere.vault.load('c=3', byTerminal);
  const foreign = JSON.parse(readFileSync(elsewhere.path, 'utf8')) as Json;
  const edits: [string, (file: Json) => void][] = [
    ['entries swapped', (file) => file.entries.reverse()],
    ['an entry dropped', (file) => file.entries.pop()],
    ['an entry twice', (file) => file.entries.push(file.entries[0] ?? '')],
    ['an entry of another vault', (file) => file.entries.splice(0, 1, foreign.entries[0] ?? '')],
    ['no entries', (file) => file.entries.splice(0)],
    ['a generation ahead', (file) => file.generation++],
    ['a slot of another vault added', (file) => file.slots.push(...foreign.slots)],
    ['a MAC of another file', (file) => (file.mac = foreign.mac)],
    ['no MAC', (file) => (file.mac = '')],
    ['too few rounds', (file) => eachSlot(file, (slot) => ({ ...slot, rounds: 1000 }))],
    ['too many rounds', (file) => eachSlot(file, (slot) => ({ ...slot, rounds: 1e9 }))],
    ['a short salt', (file) => eachSlot(file, (slot) => ({ ...slot, salt: 'AAAA' }))],
    ['another version', (file) => file.version++],
  ];
  for (const [name, work] of edits) {
    writeFileSync(path, whole);
    edit(path, work);
    assert.equal(await faultOf(vault), 'damaged', name);
  }
  // One vault's slots and data key with the other vault's entries.
  writeFileSync(path, whole);
  edit(path, (file) => (file.slots = foreign.slots));
  assert.equal(await faultOf(vault), 'damaged');
  for (const [fault, work] of [
    ['wrong_passphrase', (slot) => ({ ...slot, wrapped: foreign.slots[0]?.wrapped ?? '' })],
    ['wrong_passphrase', (slot) => ({ ...slot, bound: false })],
    ['other_machine', (slot) => ({ ...slot, machine: '' })],
  ] satisfies [VaultFault, Parameters<typeof eachSlot>[1]][]) {
    writeFileSync(path, whole);
    edit(path, (file) => eachSlot(file, work));
    assert.equal(await faultOf(vault), fault);
  }
  writeFileSync(path, whole);
  assert.equal(await faultOf(vault), 'open');
});

test('wrong passphrase, other machine, no machine: a distinct error each, and the file is unchanged', async (t) => {
  const { path, vault, again, recorder } = startVault(t);
  await vault.load('a=1', byTerminal);
  const whole = readFileSync(path);
  const cases: [VaultFault, Vault][] = [
    ['wrong_passphrase', again({ passphrase: 'another passphrase' })],
    ['other_machine', again({ machineId: async () => 'another' })],
    ['other_machine', again({ machineId: async () => 'another', bindMachine: false })],
    ['other_machine', again({ machineId: async () => undefined, bindMachine: false })],
    ['no_machine_id', again({ machineId: async () => undefined })],
  ];
  for (const [fault, closed] of cases) {
    assert.equal(await faultOf(closed), fault);
    assert.deepEqual(await closed.load('b=2', byTerminal), { kind: 'closed', fault });
    assert.deepEqual(await closed.clear({}, 'terminal'), { kind: 'closed', fault });
    assert.deepEqual(await closed.replaceDataKey('terminal'), { kind: 'closed', fault });
    assert.deepEqual(await closed.cookieFor(host), { state: 'closed' });
    assert.equal(recorder.events.at(-1)?.event, 'vault.failed');
    assert.equal(recorder.events.at(-1)?.reason, fault);
  }
  assert.deepEqual(readFileSync(path), whole);
  assert.equal(new Set(Object.values(faultWords)).size, Object.keys(faultWords).length);
});

test('no vault is created if binding is required and there is no machine id', async (t) => {
  const { path, again } = startVault(t);
  const outcome = await again({ machineId: async () => undefined }).load('a=1', byTerminal);
  assert.deepEqual(outcome, { kind: 'closed', fault: 'no_machine_id' });
  assert.equal(existsSync(path), false);
  assert.match(faultWords.no_machine_id, /VAULT_BIND_MACHINE=false/);
});

test('a changed binding is adopted where the vault still opens: off, moved away, on there', async (t) => {
  const { vault, again, recorder } = startVault(t);
  await vault.load('a=1', byTerminal);
  const unbound = again({ bindMachine: false });
  const status = await unbound.status();
  assert.ok(status.kind === 'open' && !status.bound);
  assert.equal(recorder.events.at(-1)?.reason, 'binding');
  assert.equal(await faultOf(again({ bindMachine: false, machineId: async () => undefined })), 'open');
  const there = again({ machineId: async () => 'another' });
  const bound = await there.status();
  assert.ok(bound.kind === 'open' && bound.bound && bound.entries.length === 1);
  assert.equal(await faultOf(vault), 'other_machine');
});

test('an old file that was put back is detected by every process until it is accepted explicitly', async (t) => {
  const { path, vault, again, recorder, options } = startVault(t);
  await vault.load('a=old', byTerminal);
  copyFileSync(path, `${path}.old`);
  await vault.load('a=new', byTerminal);
  copyFileSync(`${path}.old`, path);
  const old = readFileSync(path);
  for (const one of [vault, again()]) {
    assert.equal(await faultOf(one), 'restored');
    assert.deepEqual(await one.load('b=2', byTerminal), { kind: 'closed', fault: 'restored' });
    assert.deepEqual(await one.replaceDataKey('terminal'), { kind: 'closed', fault: 'restored' });
  }
  assert.deepEqual(readFileSync(path), old);
  assert.equal(await vault.replaceDataKey('terminal', { acceptRestored: true }), 'done');
  assert.equal(recorder.events.at(-1)?.event, 'vault.rekeyed');
  const answer = await vault.cookieFor(host);
  assert.ok('header' in answer && answer.header === 'a=old');
  copyFileSync(`${path}.old`, path);
  assert.equal(await faultOf(vault), 'restored');
  // A process that writes without the store, like the generator: the next opening notices its generation.
  assert.equal(await vault.replaceDataKey('terminal', { acceptRestored: true }), 'done');
  const { seen: _, ...alone } = options;
  copyFileSync(path, `${path}.old`);
  await createVaultSteps(alone).replaceDataKey(passphrase);
  assert.equal(await faultOf(vault), 'open');
  copyFileSync(`${path}.old`, path);
  assert.equal(await faultOf(vault), 'restored');
});

test('at each step of the generator the vault opens with the passphrase in .env at that step', async (t) => {
  const { path, vault, again, options } = startVault(t);
  const steps: VaultSteps = createVaultSteps(options);
  const [one, two, three] = [passphrase, 'the second passphrase', 'the third passphrase'];
  assert.equal(await steps.look(one), 'none');
  await steps.addPassphrase(one, two);
  await steps.keepOnly(two);
  await steps.replaceDataKey(two);
  assert.equal(existsSync(path), false, 'no vault is made by the way');
  await vault.load('a=1', byTerminal);
  const opens = async () =>
    (
      await Promise.all(
        [one, two, three].map(async (phrase) => ((await steps.look(phrase)) === 'opens' ? '1' : '0')),
      )
    ).join('');
  assert.equal(await opens(), '100');
  await steps.addPassphrase(one, two);
  assert.equal(await opens(), '110');
  const bytes = readFileSync(path);
  await steps.addPassphrase(one, two);
  assert.deepEqual(readFileSync(path), bytes, 'again: nothing to do');
  // If it is killed here, .env still has the first one; the next run creates another.
  await steps.addPassphrase(one, three);
  assert.equal(await opens(), '101');
  await steps.keepOnly(three);
  assert.equal(await opens(), '001');
  await steps.keepOnly(three);
  const before = JSON.parse(readFileSync(path, 'utf8')).keyId;
  await steps.replaceDataKey(three);
  assert.equal(await opens(), '001');
  assert.notEqual(JSON.parse(readFileSync(path, 'utf8')).keyId, before);
  const answer = await again({ passphrase: three }).cookieFor(host);
  assert.ok('header' in answer && answer.header === 'a=1');
  for (const work of [steps.addPassphrase(one, two), steps.keepOnly(one), steps.replaceDataKey(one)])
    await assert.rejects(work, /^Error: The vault was not changed: it does not open with VAULT_PASSPHRASE/);
});

test('0600 in a folder of 0700; anything but a regular file of this user is neither read nor written', async (t) => {
  const { path, vault, again } = startVault(t);
  await vault.load('a=1', byTerminal);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
  const linked = `${path}.link`;
  symlinkSync(path, linked);
  assert.equal(await faultOf(again({ path: linked })), 'unreadable');
  assert.equal(await faultOf(again({ path: dirname(path) })), 'unreadable');
  assert.equal(await faultOf(again({ path: `${path}/x` })), 'unreadable');
  const text = readFileSync(path, 'utf8');
  assert.doesNotMatch(text, /terminal|wiki|a=1/, 'owner, host and cookies are inside');
});

test('the clock may go back without locking the vault', async (t) => {
  const { vault, clock } = startVault(t);
  await vault.load('a=1', byTerminal);
  clock.now -= 30 * dayMs;
  assert.equal(await faultOf(vault), 'open');
});

test('if nothing more can be written, it says so, and the file stays unchanged', async (t) => {
  const { path, vault } = startVault(t);
  await vault.load('a=1', byTerminal);
  const before = readFileSync(path);
  const code = `
    import { createVaultFile } from ${JSON.stringify(join(import.meta.dirname, '../src/vault/vault-file.ts'))};
    const file = createVaultFile({ path: process.argv[1], bindMachine: true, machineId: async () => '0123456789abcdef0123456789abcdef', now: Date.now });
    console.log(JSON.stringify(await file.change(process.argv[2], async () => ({ entries: [] }))));`;
  // A process that may not create a file of even one byte simulates a full disk.
  const { stdout } = await promisify(execFile)('/bin/sh', [
    ...['-c', 'trap "" XFSZ; ulimit -f 0; exec "$@"', 'sh', process.execPath],
    ...['--input-type=module', '-e', code, path, passphrase],
  ]).catch((error: unknown) => assert.fail(`it must say so, not throw: ${error}`));
  assert.deepEqual(JSON.parse(stdout), { kind: 'closed', fault: 'unwritable', why: 'broken-disk' });
  assert.deepEqual(readFileSync(path), before);
});
