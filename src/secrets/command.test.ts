// The command, run in this process: what it refuses, asks, writes and prints, with a fake terminal.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'dotenv';
import { loadConfig } from '../config/load.ts';
import { withLock } from '../store/file-lock.ts';
import { secretKinds } from './kinds.ts';
import { modeOf, place, root } from './place.fixture.ts';

const secretNames = secretKinds.map(({ name }) => name);

test('creates a .env that the app starts from, 0600, and says what is left to do', async () => {
  const { env, run, values, names, folder } = place();
  const { code, out, err } = await run([]);
  assert.deepEqual([code, err, modeOf(env)], [0, '', '600']);
  assert.ok('config' in loadConfig({ env: {}, envFile: env }));
  assert.deepEqual(names(), ['.env', '.env.lock']);
  assert.equal(modeOf(join(folder, '.env.lock')), '600');
  assert.match(out, /^SECRET_KEY: nobody is signed out \(new, fingerprint [\da-f]{8}\)$/m);
  for (const hint of [
    'OAUTH2_PROXY_CLIENT_ID',
    'http://localhost:4180/oauth2/callback',
    'ADMIN_EMAILS',
    'access/emails.txt',
  ]) {
    assert.ok(out.includes(hint), hint);
  }
  assert.equal(values()['PUBLIC_URL'], 'http://localhost:4180');
});

test('starts from the .env.example beside it', async () => {
  const { folder, run, read } = place();
  fs.writeFileSync(
    join(folder, '.env.example'),
    '# mine\r\nPUBLIC_URL=https://desk.example.org\r\nSECRET_KEY=changeme\r\n',
  );
  const { code, out } = await run([]);
  assert.equal(code, 0);
  assert.match(
    read(),
    /^# mine\r\nPUBLIC_URL=https:\/\/desk\.example\.org\r\nSECRET_KEY=[\da-f]{64}\r\nGATE_SECRET=/,
  );
  assert.ok(out.includes('exactly: https://desk.example.org/oauth2/callback'));
});

test('fills in place, keeps a backup, and a second run changes nothing', async () => {
  const text = `# mine\nexport SECRET_KEY="changeme" # key\nMY_OWN='x y'\nGATE_SECRET=${'Zk3vQ9xT7mB1nL5c'.repeat(3)}`;
  const { folder, run, read, values, names } = place(text);
  const { code, out } = await run([]);
  assert.equal(code, 0);
  assert.match(
    read(),
    /^# mine\nexport SECRET_KEY="[\da-f]{64}" # key\nMY_OWN='x y'\nGATE_SECRET=(Zk3vQ9xT7mB1nL5c){3}\n/,
  );
  assert.ok(!read().endsWith('\n'));
  assert.deepEqual(Object.keys(values()).length, 7);
  const backup = join(folder, '.env.backup-20261123T150405Z');
  assert.deepEqual([fs.readFileSync(backup, 'utf8'), modeOf(backup)], [text, '600']);
  assert.ok(out.includes(backup));
  const before = read();
  assert.equal((await run([])).code, 0);
  assert.deepEqual([read(), names().length], [before, 3]);
});

test('only one backup is kept: earlier ones are removed, other files stay', async () => {
  const { folder, run, names } = place('A=1\n');
  const own = ['.env.backup-mine', '.env.backup-20261123T150405Z.txt', 'x.env.backup-20261123T150405Z'];
  for (const name of own) fs.writeFileSync(join(folder, name), '');
  fs.mkdirSync(join(folder, '.env.backup-20200101T000000Z'));
  await run([]);
  await run(['--rotate', 'gate', '--yes']);
  const { out } = await run(['--rotate', 'gate', '--yes']);
  assert.deepEqual(
    names().filter((name) => name.includes('backup')),
    [
      '.env.backup-20200101T000000Z',
      '.env.backup-20261123T150405Z',
      '.env.backup-20261123T150405Z.txt',
      '.env.backup-mine',
      'x.env.backup-20261123T150405Z',
    ],
  );
  assert.match(out, /older copy is removed/);
});

test('--rotate replaces only what it names', async () => {
  const { run, values } = place('');
  await run([]);
  const first = values();
  const { code, out } = await run(['--rotate', 'session,oauth2', '--yes']);
  assert.equal(code, 0);
  const second = values();
  assert.deepEqual(
    secretNames.filter((name) => first[name] !== second[name]),
    ['SECRET_KEY', 'OAUTH2_PROXY_COOKIE_SECRET'],
  );
  assert.equal(second['SECRET_KEY_FALLBACKS'], first['SECRET_KEY']);
  assert.match(out, /^SECRET_KEY: nobody is signed out/m);
  assert.match(out, /^OAUTH2_PROXY_COOKIE_SECRET: everyone signs in to Google again/m);
  assert.match(
    out,
    /^To use them: docker compose up -d\. Without Compose, in this order: send the app SIGHUP, then restart oauth2-proxy\.$/m,
  );
});

test('a bad option is one line and exit code 2', async () => {
  const { run, names } = place();
  const table = [
    ['--bogus'],
    ['extra'],
    ['--rotate'],
    ['--rotate', 'everything'],
    ['--rotate', ''],
    ['--yes=1'],
    ['--env', ''],
  ];
  table.push(
    ['--print', '--dry-run'],
    ['--print', '--rotate', 'all'],
    ['--env', '.env.example'],
    ['--rotate', 'all'],
    ['--prune'],
    ['--emergency'],
    ['--emergency', '--yes', '--rotate', 'session'],
    ['--emergency', '--yes', '--rotate', 'all', '--prune'],
    ['--print', '--prune'],
    ['--env', '.ENV.EXAMPLE'],
  );
  for (const args of table) {
    const { code, out, err } = await run(args);
    assert.deepEqual([code, out, err.split('\n').length], [2, '', 1], args.join(' '));
    assert.match(err, /^generate-secrets: \S/);
  }
  assert.deepEqual(names(), []);
});

test('without a terminal --rotate needs --yes, and otherwise changes nothing', async () => {
  const { run, read } = place('');
  await run([]);
  const before = read();
  const { code, err } = await run(['--rotate', 'all']);
  assert.deepEqual([code, read()], [2, before]);
  assert.match(err, /needs --yes/);
  assert.equal((await run(['--rotate', 'all', '--dry-run'])).code, 0);
  assert.equal(read(), before);
});

test('on a terminal it asks, unless --yes', async () => {
  const { env, run, names, read } = place();
  const no = await run([], { answer: false });
  assert.deepEqual([no.code, no.asked.length, names()], [1, 1, ['.env.lock']]);
  assert.match(no.asked[0] ?? '', /^Make .*\? \[y\/N\] $/);
  const yes = await run([], { answer: true });
  assert.deepEqual([yes.code, yes.asked.length], [0, 1]);
  assert.equal(yes.out.split('SECRET_KEY:').length, 2, 'said once');
  assert.equal((await run([], { answer: false })).asked.length, 0, 'nothing to write, nothing to ask');
  assert.equal((await run(['--rotate', 'gate', '--yes'], { answer: false })).asked.length, 0);
  const before = read();
  assert.equal((await run(['--rotate', 'gate'], { answer: false })).code, 1);
  assert.equal(read(), before);
  assert.ok(fs.existsSync(env));
});

test('what an editor saves during the question is not lost', async () => {
  const { env, run, read, names } = place('A=1\n');
  const { code, err } = await run([], { answer: true, meanwhile: () => fs.writeFileSync(env, 'A=2\n') });
  assert.deepEqual([code, read(), names()], [1, 'A=2\n', ['.env', '.env.lock']]);
  assert.match(err, /changed by something else/);
  const late = place();
  const made = await late.run([], { answer: true, meanwhile: () => fs.writeFileSync(late.env, 'A=2\n') });
  assert.deepEqual([made.code, late.read()], [1, 'A=2\n']);
});

test('--dry-run writes nothing and says so', async () => {
  const { run, names } = place();
  const { code, out } = await run(['--dry-run']);
  assert.deepEqual([code, names()], [0, []]);
  assert.match(out, /would be created/);
  assert.ok(!/fingerprint/.test(out), 'the secrets of another run would have others');
  const open = place('A=1\n', 0o644);
  fs.chmodSync(open.env, 0o644);
  assert.match((await open.run(['--dry-run'])).out, /would be 0600/);
  assert.deepEqual([open.read(), modeOf(open.env), open.names()], ['A=1\n', '644', ['.env']]);
});

test('--print prints new secrets and touches no file', async () => {
  const { run, names } = place();
  const { out } = await run(['--print']);
  assert.deepEqual(Object.keys(parse(out)), secretNames);
  assert.notEqual((await run(['--print'])).out, out);
  assert.deepEqual(Object.keys(JSON.parse((await run(['--print', '--json'])).out)), secretNames);
  assert.deepEqual(names(), []);
});

test('--json is one JSON document on standard output', async () => {
  const { env, run } = place();
  const made = JSON.parse((await run(['--json'])).out);
  assert.deepEqual([made.outcome, made.file, made.backup], ['created', env, null]);
  assert.deepEqual(
    made.secrets.map(({ action }: { action: string }) => action),
    ['made', 'made', 'made', 'made', 'made'],
  );
  const rotated = JSON.parse((await run(['--json', '--rotate', 'gate'], { answer: true })).out);
  assert.deepEqual(
    [rotated.outcome, rotated.secrets[1].action, rotated.secrets[1].formerKept],
    ['changed', 'rotated', true],
  );
  assert.deepEqual(rotated.use, ['send the app SIGHUP', 'restart oauth2-proxy']);
  assert.equal(rotated.secrets[1].before, made.secrets[1].fingerprint);
  fs.writeFileSync(env, '\uFEFFA=1\n');
  const refused = await run(['--json']);
  assert.deepEqual([refused.code, JSON.parse(refused.out).outcome], [1, 'refused']);
});

test('an unfit secret is kept, reported, and makes the exit code 1; --rotate fixes it', async () => {
  const { run, values } = place('SECRET_KEY=abc123\n');
  const { code, out } = await run([]);
  assert.equal(code, 1);
  assert.match(out, /^SECRET_KEY: nothing changes \(kept, but too weak: --rotate session replaces it\)$/m);
  assert.equal(values()['SECRET_KEY'], 'abc123');
  assert.equal((await run(['--rotate', 'session', '--yes'])).code, 0);
  assert.equal(values()['SECRET_KEY_FALLBACKS'], undefined);
});

test('a mode that is open to others is tightened, even if nothing else changes', async () => {
  const { env, run } = place('');
  await run([]);
  fs.chmodSync(env, 0o644);
  const { out } = await run([]);
  assert.equal(modeOf(env), '600');
  assert.match(out, /its mode is 0600 now/);
  fs.chmodSync(env, 0o664);
  await run(['--rotate', 'gate', '--yes']);
  assert.equal(modeOf(env), '600');
});

const notRoot = process.geteuid?.() === 0 ? false : 'only root can give a file to someone else';

test('root leaves the file to its owner', { skip: notRoot }, async () => {
  const { env, folder, run } = place('A=1\n');
  fs.chownSync(env, 12_345, 12_346);
  assert.equal((await run([])).code, 0);
  for (const path of [env, join(folder, '.env.backup-20261123T150405Z')]) {
    assert.deepEqual([fs.statSync(path).uid, fs.statSync(path).gid, modeOf(path)], [12_345, 12_346, '600']);
  }
});

test('files that cannot be edited exactly are refused with line numbers, unchanged', async () => {
  const table: [string, string | Uint8Array, RegExp][] = [
    ['byte-order mark', '\uFEFFSECRET_KEY=changeme\n', /:1: .*byte-order mark/],
    ['duplicate', 'SECRET_KEY=changeme\nA=1\nSECRET_KEY=changeme\n', /:1: .*more than once.*\n.*:3: /],
    ['unclosed quote', 'A=1\nSECRET_KEY="changeme\n', /:2: .*not closed/],
    ['multi-line', 'SECRET_KEY="changeme\n"\n', /:1: .*several lines/],
    ['hidden', 'A="\nSECRET_KEY=changeme\nB="\n', /:2: .*inside the value/],
    ['not UTF-8', Buffer.from([0x41, 0x3d, 0xff, 0x0a]), /not UTF-8/],
    ['UTF-16', Buffer.from('SECRET_KEY=changeme\n', 'utf16le'), /not UTF-8/],
    ['too big', `A=${'x'.repeat(1024 * 1024)}\n`, /over 1 MB/],
  ];
  for (const [name, content, message] of table) {
    const { env, run, names } = place(content);
    const { code, out, err } = await run(['--yes']);
    assert.deepEqual([code, out], [1, ''], name);
    assert.match(err, message, name);
    assert.ok(fs.readFileSync(env).equals(Buffer.from(content)), name);
    assert.deepEqual(names(), ['.env', '.env.lock'], name);
  }
});

test('a link, folder or pipe anywhere in the path is refused', async () => {
  const target = place('A=1\n');
  const link = place();
  fs.symlinkSync(target.env, link.env);
  assert.match((await link.run([])).err, /symbolic link/);
  assert.equal(target.read(), 'A=1\n');
  const dangling = place();
  fs.symlinkSync(join(root, 'nowhere'), dangling.env);
  assert.match((await dangling.run([])).err, /symbolic link/);
  const folder = place();
  fs.mkdirSync(folder.env);
  assert.match((await folder.run([])).err, /is a folder/);
  const missing = await place().run(['--env', 'missing/.env']);
  assert.match(missing.err, /does not exist/);
  assert.match((await target.run(['--env', '.env/x'])).err, /does not exist|not a file/);
});

test('--env names another file', async () => {
  const { run, names } = place();
  assert.equal((await run(['--env', 'staging.env'])).code, 0);
  assert.deepEqual(names(), ['staging.env', 'staging.env.lock']);
});

test('leftovers of killed runs are removed, other files are not', async () => {
  const { folder, run, names } = place('');
  const dead = ['.env.0123456789ab.tmp', '.env.backup-20261123T150405Z.0123456789ab.tmp'];
  const others = ['.env.local', '.env.local.0123456789ab.tmp', '.env.notes.tmp', 'x.env.0123456789ab.tmp'];
  for (const name of [...dead, ...others]) fs.writeFileSync(join(folder, name), '');
  await run([]);
  for (const name of dead) assert.ok(!names().includes(name), name);
  for (const name of others) assert.ok(names().includes(name), name);
});

test('waits while another run works, then says so', async () => {
  const { env, run, read } = place('A=1\n');
  const held = await withLock(env, 0, () => run([]));
  assert.ok('value' in held);
  assert.equal(held.value.code, 1);
  assert.match(held.value.err, /another run/);
  assert.equal(read(), 'A=1\n');
  assert.equal((await run([])).code, 0);
});

test('no value is ever printed', async () => {
  const own = `sekrit-${randomBytes(9).toString('hex')}`;
  const { run, values } = place(
    `MINE=${own}\nOAUTH2_PROXY_CLIENT_SECRET=${own}\nSECRET_KEY=${own}\nREDIS_PASSWORD=${own}\n`,
  );
  const printed: string[] = [];
  const seen = new Set<string>([own]);
  const calls = [
    ['--dry-run'],
    [],
    ['--rotate', 'all', '--dry-run'],
    ['--rotate', 'all', '--yes'],
    ['--json', '--rotate', 'all', '--yes'],
    [],
  ];
  for (const args of calls) {
    const { out, err } = await run(args);
    printed.push(out, err);
    for (const name of [...secretNames, 'SECRET_KEY_FALLBACKS', 'GATE_SECRET_FALLBACKS']) {
      for (const secret of (values()[name] ?? '').split(',')) if (secret) seen.add(secret);
    }
  }
  assert.ok(seen.size >= 9);
  for (const secret of seen) assert.ok(!printed.join('\n').includes(secret));
});
