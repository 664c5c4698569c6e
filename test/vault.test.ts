// The vault in use: entries by owner and host, their states, what is recorded and when, the text file, and what is imported.
import assert from 'node:assert/strict';
import { pbkdf2Sync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { RecordUnavailable } from '../src/audit/recorder.ts';
import { sealFernet } from '../src/crypto/fernet.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { loadCookieFile } from '../src/vault/cookie-file.ts';
import { openLegacy } from '../src/vault/legacy.ts';
import { readIdFile, readMachineId } from '../src/vault/machine.ts';
import { openVault } from '../src/vault/open.ts';
import { createVault } from '../src/vault/vault.ts';
import { createVaultFile } from '../src/vault/vault-file.ts';
import { byTerminal, dayMs, folderFor, keepEvents, passphrase, startVault, target } from './support/vault.ts';

const { host } = target;
const ada = { ...byTerminal, owner: { id: '1', name: 'ada@example.org' } };
const grace = { ...byTerminal, owner: { id: '2', name: 'grace@example.org' } };
const elsewhere = { ...byTerminal, target: new URL('https://other.test:8443/x') };

test('one entry for each owner and host; a request gets the newest usable one, or that of an owner', async (t) => {
  const { vault, clock, recorder } = startVault(t);
  assert.deepEqual(await vault.status(), { kind: 'none' });
  assert.deepEqual(await vault.cookieFor(host), { state: 'none' });
  await vault.load('a=1; b=2', ada);
  clock.now += 1000;
  await vault.load('a=3', grace);
  await vault.load('c=4', elsewhere);
  clock.now += 1000;
  await vault.load('a=5', ada);
  const headerOf = async (...args: Parameters<typeof vault.cookieFor>) => {
    const answer = await vault.cookieFor(...args);
    return 'header' in answer ? answer.header : answer.state;
  };
  assert.equal(await headerOf(host), 'a=5');
  assert.equal(await headerOf(host, '2'), 'a=3');
  assert.equal(await headerOf(host, '3'), 'none');
  assert.equal(await headerOf('other.test:8443'), 'c=4');
  assert.equal(await headerOf('other.test'), 'none');
  const status = await vault.status();
  assert.ok(status.kind === 'open');
  assert.deepEqual(
    status.entries.map(({ host: at, owner, names, state }) => [at, owner, names.join(), state]),
    [
      ['other.test:8443', 'terminal', 'c', 'fresh'],
      [host, '1', 'a', 'fresh'],
      [host, '2', 'a', 'fresh'],
    ],
  );
  assert.deepEqual(
    recorder.events.map(({ event }) => event),
    [...Array(4).fill('vault.loaded'), ...Array(3).fill('vault.opened')],
  );
});

test('a jump of the clock destroys nothing, in a sweep or a change: once it is right, the cookies are there', async (t) => {
  const { clock, recorder, options } = startVault(t);
  const rightUntil = clock.now + dayMs;
  const vault = createVault({
    file: createVaultFile(options),
    passphrase: () => passphrase,
    ttlMs: 14 * dayMs,
    recorder,
    now: options.now,
    removesUntil: () => rightUntil,
  });
  await vault.load('a=1', ada);
  clock.now += 500 * dayMs;
  assert.equal((await vault.cookieFor(host)).state, 'expired', 'it is not used either');
  await vault.sweep();
  await vault.load('c=4', elsewhere);
  clock.now -= 500 * dayMs;
  const answer = await vault.cookieFor(host);
  assert.equal('header' in answer && answer.header, 'a=1');
});

test('fresh, expiring in the last two days, expired: then the values are destroyed, and after 14 days the rest', async (t) => {
  const { vault, clock, recorder, path } = startVault(t);
  await vault.load('a=1', ada);
  const stateOf = async () => (await vault.cookieFor(host)).state;
  clock.now += 12 * dayMs - 1;
  assert.equal(await stateOf(), 'fresh');
  clock.now += 1;
  assert.equal(await stateOf(), 'expiring');
  clock.now += 2 * dayMs - 1;
  assert.equal(await stateOf(), 'expiring');
  const sealed = JSON.parse(readFileSync(path, 'utf8')).entries[0] as string;
  await vault.sweep();
  assert.equal(JSON.parse(readFileSync(path, 'utf8')).entries[0], sealed, 'nothing to do, nothing written');
  clock.now += 1;
  assert.equal(await stateOf(), 'expired');
  await vault.sweep();
  assert.deepEqual(recorder.events.at(-1), { event: 'vault.expired', facts: { host, cookies: 1 } });
  assert.ok(JSON.parse(readFileSync(path, 'utf8')).entries[0].length < sealed.length);
  await vault.sweep();
  assert.equal(recorder.events.filter(({ event }) => event === 'vault.expired').length, 1, 'said once');
  assert.equal(await stateOf(), 'expired');
  clock.now += 14 * dayMs;
  await vault.sweep();
  const status = await vault.status();
  assert.ok(status.kind === 'open' && status.entries.length === 0);
});

test('an export’s own expiry counts if it is earlier, never if it is later', async (t) => {
  const { vault, clock } = startVault(t);
  const exported = (days: number) =>
    JSON.stringify([
      { name: 'a', value: '1', domain: host, expirationDate: clock.now / 1000 + days * 86_400 },
    ]);
  for (const [days, expected] of [
    [3, 3],
    [90, 14],
  ] as const) {
    const outcome = await vault.load(exported(days), ada);
    assert.ok(outcome.kind === 'loaded' && outcome.expiresAt === clock.now + expected * dayMs);
  }
});

test('a refusal marks only the entry that the header came from', async (t) => {
  const { vault, clock, recorder, again } = startVault(t);
  await vault.load('a=1', ada);
  const answer = await vault.cookieFor(host);
  assert.ok('mark' in answer);
  await answer.mark('challenged', 'captcha_header');
  assert.deepEqual(recorder.events.at(-1), {
    event: 'vault.challenged',
    outcome: 'refused',
    reason: 'challenged',
    facts: { host, answer: 'captcha_header' },
  });
  assert.deepEqual(await again().cookieFor(host), { state: 'challenged' });
  clock.now += 1000;
  await vault.load('a=2', ada);
  await answer.mark('refused', 'status_401');
  assert.equal((await vault.cookieFor(host)).state, 'fresh', 'loaded meanwhile');
  const second = await vault.cookieFor(host);
  assert.ok('mark' in second);
  await second.mark('refused', 'status_401');
  assert.deepEqual(await vault.cookieFor(host), { state: 'refused' });
  clock.now += 1000;
  await vault.load('b=3', grace);
  assert.equal((await vault.cookieFor(host)).state, 'fresh', 'another owner’s will do');
});

test('what cannot be recorded is not done', async (t) => {
  const { vault, recorder, path, clock } = startVault(t);
  await vault.load('a=1', ada);
  const bytes = readFileSync(path);
  recorder.broken = true;
  const changes = [
    () => vault.load('a=2', ada),
    () => vault.clear({}, 'terminal'),
    () => vault.replaceDataKey('terminal'),
    () => vault.addPassphrase('another passphrase', 'terminal'),
    () => vault.cookieFor(host),
  ];
  for (const change of changes) await assert.rejects(change, RecordUnavailable);
  clock.now += 15 * dayMs;
  await assert.rejects(() => vault.sweep(), RecordUnavailable);
  assert.deepEqual(readFileSync(path), bytes);
});

test('clears by entry, owner, host or all, and nothing else', async (t) => {
  const { vault, recorder } = startVault(t);
  const fill = async () => {
    for (const load of [ada, grace, elsewhere]) await vault.load('a=1', load);
  };
  const left = async () => {
    const status = await vault.status();
    return status.kind === 'open' ? status.entries.map(({ owner }) => owner).join() : status.kind;
  };
  await fill();
  assert.equal(await vault.clear({ owner: '9' }, 'terminal'), 'nothing');
  assert.equal(await vault.clear({ owner: '1', host: 'other.test:8443' }, 'terminal'), 'nothing');
  assert.equal(await vault.clear({ owner: '1' }, 'terminal'), 'done');
  assert.equal(await left(), 'terminal,2');
  assert.equal(await vault.clear({ host }, { id: '5' }), 'done');
  assert.deepEqual(recorder.events.at(-1), {
    event: 'vault.cleared',
    by: { id: '5' },
    facts: { entries: 1, hosts: host },
  });
  assert.equal(await left(), 'terminal');
  await fill();
  assert.equal(await vault.clear({}, 'terminal'), 'done');
  assert.equal(await left(), '');
  assert.equal(await vault.clear({}, 'terminal'), 'nothing');
});

test('a second passphrase, then only that one; a new data key', async (t) => {
  const { vault, again } = startVault(t);
  await vault.load('a=1', ada);
  const next = again({ passphrase: 'the second passphrase' });
  const kinds = async () => [(await vault.status()).kind, (await next.status()).kind].join();
  assert.equal(await vault.addPassphrase('the second passphrase', 'terminal'), 'done');
  assert.equal(await kinds(), 'open,open');
  assert.equal(await vault.addPassphrase('the second passphrase', 'terminal'), 'nothing');
  assert.equal(await next.keepPassphrase('terminal'), 'done');
  assert.equal(await kinds(), 'closed,open');
  assert.equal(await next.keepPassphrase('terminal'), 'nothing');
  const before = await next.status();
  assert.equal(await next.replaceDataKey('terminal'), 'done');
  const after = await next.status();
  assert.ok(before.kind === 'open' && after.kind === 'open' && before.keyId !== after.keyId);
  assert.deepEqual(after.entries, before.entries);
});

test('without a passphrase there is no vault, and nothing is written', async (t) => {
  const folder = folderFor(t);
  const store = openSqliteStore(folder);
  t.after(() => store.close());
  const config = { dataDir: folder, vault: { passphrase: undefined, ttlMs: dayMs, bindMachine: false } };
  const vault = openVault({
    config: () => config,
    notes: store.notes,
    recorder: keepEvents(),
    now: Date.now,
  });
  assert.deepEqual(await vault.status(), { kind: 'off' });
  assert.deepEqual(await vault.load('a=1', ada), { kind: 'off' });
  assert.deepEqual(await vault.cookieFor(host), { state: 'closed' });
  assert.deepEqual(await vault.clear({}, 'terminal'), { kind: 'off' });
  await vault.sweep();
  assert.equal(existsSync(join(folder, 'vault.json')), false);
});

test('the store remembers the highest generation, for every process', async (t) => {
  const folder = folderFor(t);
  const store = openSqliteStore(folder);
  t.after(() => store.close());
  const config = { dataDir: folder, vault: { passphrase, ttlMs: dayMs, bindMachine: false } };
  const open = () =>
    openVault({ config: () => config, notes: store.notes, recorder: keepEvents(), now: Date.now });
  await open().load('a=1', ada);
  const old = readFileSync(join(folder, 'vault.json'));
  await open().load('a=2', ada);
  writeFileSync(join(folder, 'vault.json'), old);
  assert.deepEqual(await open().status(), { kind: 'closed', fault: 'restored' });
});

test('the text file: created with instructions, loaded, emptied once the vault has the cookies, and says so', async (t) => {
  const { vault, recorder, clock } = startVault(t);
  const path = join(folderFor(t), 'cookies', 'confluence_cookies.txt');
  const options = { path, vault, recorder, now: () => clock.now };
  const load = () => loadCookieFile(options, ada);
  assert.deepEqual(await load(), { kind: 'made' });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const made = readFileSync(path, 'utf8');
  assert.match(made, /Open that address/);
  assert.deepEqual(await load(), { kind: 'refused', why: { kind: 'empty' } });
  assert.equal(readFileSync(path, 'utf8'), made);
  writeFileSync(
    path,
    `\ufeff${made.replace(/\n/g, '\r\n')}# planted=kept-in-a-comment\r\na=planted-5ecret; b=2\r\n`,
  );
  const outcome = await load();
  assert.ok(outcome.kind === 'loaded' && outcome.emptied === 'yes');
  assert.deepEqual(outcome.names, ['a', 'b']);
  const emptied = readFileSync(path, 'utf8');
  assert.ok(emptied.startsWith(made));
  assert.match(emptied, /Emptied at 2026-11-23T18:00:00.000Z: the cookies are in the vault/);
  assert.doesNotMatch(emptied, /planted/);
  assert.deepEqual(
    recorder.events.slice(-2).map(({ event }) => event),
    ['vault.loaded', 'vault.file_emptied'],
  );
  const answer = await vault.cookieFor(host);
  assert.ok('header' in answer && answer.header === 'a=planted-5ecret; b=2');
});

test('the text file keeps what was rejected, what was saved meanwhile, and what could not be recorded', async (t) => {
  const { vault, recorder, clock } = startVault(t);
  const path = join(folderFor(t), 'cookies.txt');
  const options = { path, vault, recorder, now: () => clock.now };
  writeFileSync(path, 'a=1; Path=/');
  assert.deepEqual(await loadCookieFile(options, ada), {
    kind: 'refused',
    why: { kind: 'attribute', position: 2 },
  });
  assert.equal(readFileSync(path, 'utf8'), 'a=1; Path=/');

  writeFileSync(path, 'a=1');
  const saves: typeof vault.load = async (text, load) => {
    const outcome = await vault.load(text, load);
    writeFileSync(path, 'a=newer');
    return outcome;
  };
  const meanwhile = await loadCookieFile({ ...options, vault: { load: saves } }, ada);
  assert.ok(meanwhile.kind === 'loaded' && meanwhile.emptied === 'changed_meanwhile');
  assert.equal(readFileSync(path, 'utf8'), 'a=newer');

  const full = { ...recorder, write: async () => Promise.reject(new RecordUnavailable(new Error('full'))) };
  await assert.rejects(loadCookieFile({ ...options, recorder: full }, ada), RecordUnavailable);
  assert.equal(readFileSync(path, 'utf8'), 'a=newer');

  const folder = folderFor(t);
  symlinkSync(path, join(folder, 'link'));
  mkdirSync(join(folder, 'folder'));
  writeFileSync(join(folder, 'big'), 'x'.repeat(256 * 1024 + 1));
  for (const [name, fault] of [
    ['link', 'unreadable'],
    ['folder', 'not_a_file'],
    ['big', 'too_big'],
    ['big/file', 'unreadable'],
  ])
    assert.deepEqual(await loadCookieFile({ ...options, path: join(folder, name ?? '') }, ada), {
      kind: 'file',
      fault,
    });
});

test('a text file that cannot be emptied is loaded, with a message', async (t) => {
  const { vault, recorder, clock } = startVault(t);
  const path = join(folderFor(t), 'cookies.txt');
  writeFileSync(path, 'a=1');
  // A folder in place of its lock: root could write anywhere else.
  mkdirSync(`${path}.lock`);
  const outcome = await loadCookieFile({ path, vault, recorder, now: () => clock.now }, ada);
  assert.ok(outcome.kind === 'loaded' && outcome.emptied === 'no');
  assert.equal((await vault.cookieFor(host)).state, 'fresh');
});

test('the former pipeline’s vault opens with just its two names', async () => {
  const salt = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
  const key = pbkdf2Sync('ConfluenceDataPipelineDESKTOP-7ada', salt, 100_000, 32, 'sha256');
  const now = Date.parse('2026-11-23T18:00:00Z');
  const seal = (content: unknown) =>
    Buffer.from(
      sealFernet(key, Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)), now),
    );
  const names = { computer: 'DESKTOP-7', user: 'ada' };
  const open = (content: unknown, more = {}) =>
    openLegacy({ sealed: seal(content), salt, ...names, ...more }, now);
  const end = now / 1000 + 3600.5;
  assert.deepEqual(await open({ JSESSIONID: 'abc', n: 7, _expiration_time: end }), {
    cookies: [
      { name: 'JSESSIONID', value: 'abc' },
      { name: 'n', value: '7' },
    ],
    expiresAt: now + 3_600_500,
    leftOut: 0,
  });
  const expiryOf = async (_expiration_time: unknown) => {
    const found = await open({ a: '1', _expiration_time });
    return 'kind' in found ? found.kind : found.expiresAt;
  };
  assert.equal(await expiryOf(String(end)), now + 3_600_500);
  assert.equal(await expiryOf('2026-11-24T18:00:00.123456+00:00'), now + dayMs + 123);
  assert.equal(await expiryOf('soon'), 'content');
  assert.equal(await expiryOf(now / 1000), 'expired');
  assert.equal(await expiryOf(undefined), undefined);
  assert.deepEqual(await open({ a: '1' }, { user: 'Ada' }), { kind: 'other_names' });
  assert.deepEqual(await open({ a: '1' }, { sealed: Buffer.from('gAAAAA') }), { kind: 'other_names' });
  assert.deepEqual(await open({ a: '1' }, { salt: salt.subarray(1) }), { kind: 'salt' });
  for (const content of ['[]', '"a"', '{"a":{}}', '{', 'null'])
    assert.deepEqual(await open(content), { kind: 'content' }, content);
  assert.deepEqual(await open({ 'a b': '1' }), { kind: 'cookies', why: { kind: 'bad_name', position: 1 } });
  assert.deepEqual(await open({ _expiration_time: end }), { kind: 'cookies', why: { kind: 'empty' } });
});

test('a machine id is valid or absent', async (t) => {
  const path = join(folderFor(t), 'machine-id');
  for (const [text, id] of [
    ['0123456789abcdef0123456789abcdef\n', '0123456789abcdef0123456789abcdef'],
    ['uninitialized\n', undefined],
    ['', undefined],
    ['00000000000000000000000000000000\n', undefined],
    ['0123', undefined],
  ] as const) {
    writeFileSync(path, text);
    assert.equal(await readIdFile(path), id);
  }
  const here = existsSync('/etc/machine-id') ? await readIdFile('/etc/machine-id') : undefined;
  assert.equal(await readMachineId('linux'), here);
  // The programs of those systems are not available here.
  assert.equal(
    await readMachineId('darwin'),
    process.platform === 'darwin' ? await readMachineId() : undefined,
  );
  assert.equal(
    await readMachineId('win32'),
    process.platform === 'win32' ? await readMachineId() : undefined,
  );
});
