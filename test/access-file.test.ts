// The allow-list on disk: if killed at any instant, the old or the new list is there, complete; concurrent writers lose nothing; refusals
// give the reason.
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { createAccessFile } from '../src/access/file.ts';
import { add } from '../src/access/list.ts';
import { faultOf } from '../src/store/edited-file-fault.ts';
import { admits } from './support/admitted.ts';

const root = fs.mkdtempSync(join(tmpdir(), 'gatehouse-access-'));
after(() => fs.rmSync(root, { recursive: true, force: true }));

function listAt(text: string, mode = 0o640): string {
  const path = join(fs.mkdtempSync(join(root, 'case-')), 'emails.txt');
  fs.writeFileSync(path, text);
  fs.chmodSync(path, mode);
  return path;
}
const adding = (email: string) => (text: string | undefined) => {
  const outcome = add(text ?? '', email);
  return outcome.kind === 'added' ? { text: outcome.text, value: outcome.kind } : { value: outcome.kind };
};
const modeOf = (path: string) => (fs.statSync(path).mode & 0o777).toString(8);
const temporaries = (path: string) =>
  fs.readdirSync(join(path, '..')).filter((name) => name.endsWith('.tmp'));

const urlOf = (name: string) => new URL(`../src/access/${name}`, import.meta.url).href;
const script = `
  import { createAccessFile } from ${JSON.stringify(urlOf('file.ts'))};
  import { add } from ${JSON.stringify(urlOf('list.ts'))};
  const [path, ...emails] = process.argv.slice(1);
  for (const email of emails) {
    const done = await createAccessFile(path, 20_000).change((text) => ({ ...add(text ?? '', email), value: 'added' }));
    if (done.value !== 'added') throw new Error(JSON.stringify(done));
  }
`;
// Preloaded into the writer: kills it just before its nth call on the list's folder, a write halfway through.
const killAtCall = `
  import fs from 'node:fs';
  import { syncBuiltinESMExports } from 'node:module';
  let left = Number(process.env.KILL_AT_CALL);
  let begun = false;
  for (const name of ['accessSync', 'lstatSync', 'openSync', 'fstatSync', 'readFileSync', 'readdirSync', 'writeFileSync', 'fchownSync',
    'fchmodSync', 'fsyncSync', 'closeSync', 'renameSync', 'unlinkSync']) {
    const real = fs[name];
    fs[name] = (...args) => {
      begun ||= String(args[0]).startsWith(process.env.KILL_IN);
      if (begun && left-- === 0) {
        if (name === 'writeFileSync') real(args[0], args[1].subarray(0, args[1].length >> 1));
        process.kill(process.pid, 'SIGKILL');
      }
      return real(...args);
    };
  }
  syncBuiltinESMExports();
`;

function startWriter(path: string, emails: readonly string[], killAt?: number): ChildProcess {
  const preload = `data:text/javascript,${encodeURIComponent(killAtCall)}`;
  const mortal = killAt === undefined ? [] : ['--import', preload];
  const env = { ...process.env, KILL_AT_CALL: String(killAt), KILL_IN: join(path, '..') };
  const args = [...mortal, '--input-type=module', '-e', script, path, ...emails];
  return spawn(process.execPath, args, { env, stdio: ['ignore', 'ignore', 'inherit'] });
}

test('killed before each file-system call: the list is either old or new, always complete, and the next writer cleans up', {
  timeout: 120_000,
}, async () => {
  const outcomes = { old: 0, new: 0, calls: 0 };
  const old = 'ada@x.org\n# Grace\ngrace@x.org\n';
  const next = `${old}\neve@x.org\n`;
  for (; ; outcomes.calls++) {
    const path = listAt(old, 0o604);
    const child = startWriter(path, ['eve@x.org'], outcomes.calls);
    const [code] = await once(child, 'close');
    const text = fs.readFileSync(path, 'utf8');
    assert.ok(text === old || text === next, JSON.stringify(text));
    if (text === old) outcomes.old++;
    else outcomes.new++;
    assert.equal(modeOf(path), '604');
    if (code === 0) break;
    assert.equal(child.signalCode, 'SIGKILL');
    const done = await createAccessFile(path).change(adding('eve@x.org'));
    assert.ok('value' in done, JSON.stringify(done));
    assert.equal(fs.readFileSync(path, 'utf8'), next);
    assert.deepEqual(temporaries(path), []);
  }
  assert.ok(outcomes.calls > 15 && outcomes.old > 12 && outcomes.new > 2, JSON.stringify(outcomes));
});

test('concurrent writers, in several processes and in this one, lose no change', {
  timeout: 60_000,
}, async () => {
  const path = listAt('ada@x.org\n');
  const groups = Array.from({ length: 3 }, (_, a) =>
    Array.from({ length: 15 }, (__, b) => `p${a}-${b}@x.org`),
  );
  const children = groups.map((emails) => once(startWriter(path, emails), 'close'));
  const own = Array.from({ length: 15 }, (_, i) => `own-${i}@x.org`);
  const file = createAccessFile(path, 20_000);
  await Promise.all(
    own.map(async (email) => assert.deepEqual(await file.change(adding(email)), { value: 'added' })),
  );
  for (const [code] of await Promise.all(children)) assert.equal(code, 0);
  assert.deepEqual(admits(fs.readFileSync(path, 'utf8')), new Set(['ada@x.org', ...groups.flat(), ...own]));
});

test('an editor’s save between reading and renaming is not lost', async () => {
  const path = listAt('ada@x.org\n');
  let asked = 0;
  const done = await createAccessFile(path).change((text) => {
    if (asked++ === 0) fs.appendFileSync(path, 'editor@x.org\n');
    return adding('eve@x.org')(text);
  });
  assert.deepEqual([done, asked], [{ value: 'added' }, 2]);
  assert.equal(fs.readFileSync(path, 'utf8'), 'ada@x.org\neditor@x.org\neve@x.org\n');
});

test('mode and owner are kept; a new list has mode 0640', async () => {
  for (const mode of [0o600, 0o644, 0o660]) {
    const path = listAt('ada@x.org\n', mode);
    const isRoot = process.getuid?.() === 0;
    if (isRoot) fs.chownSync(path, 65_532, 65_532);
    await createAccessFile(path).change(adding('eve@x.org'));
    assert.equal(modeOf(path), mode.toString(8));
    if (isRoot) assert.deepEqual([fs.statSync(path).uid, fs.statSync(path).gid], [65_532, 65_532]);
  }
  const path = join(fs.mkdtempSync(join(root, 'case-')), 'emails.txt');
  assert.deepEqual(createAccessFile(path).read(), { fault: 'missing' });
  await createAccessFile(path).change(adding('eve@x.org'));
  assert.deepEqual([modeOf(path), fs.readFileSync(path, 'utf8')], ['640', 'eve@x.org\n']);
});

test('a symbolic link is followed: the file is replaced, the link stays', async () => {
  const path = listAt('ada@x.org\n');
  const link = join(fs.mkdtempSync(join(root, 'case-')), 'link.txt');
  fs.symlinkSync(path, link);
  await createAccessFile(link).change(adding('eve@x.org'));
  assert.ok(fs.lstatSync(link).isSymbolicLink());
  assert.equal(fs.readFileSync(path, 'utf8'), 'ada@x.org\neve@x.org\n');
});

test('a file that cannot be written safely is refused with a reason and left unchanged', async () => {
  const folder = fs.mkdtempSync(join(root, 'case-'));
  const refusalAt = async (path: string) => {
    const done = await createAccessFile(path, 50).change(adding('eve@x.org'));
    return 'fault' in done ? done.fault : done.value;
  };
  fs.mkdirSync(join(folder, 'made-by-docker'));
  assert.equal(await refusalAt(join(folder, 'made-by-docker')), 'not-a-file');
  assert.equal(await refusalAt(join(folder, 'none', 'emails.txt')), 'no-folder');
  const binary = listAt('');
  fs.writeFileSync(binary, Buffer.from([0x61, 0xff, 0x0a]));
  assert.equal(await refusalAt(binary), 'not-utf8');
  assert.deepEqual(createAccessFile(binary).read(), { fault: 'not-utf8' });
  assert.equal(await refusalAt(listAt(`#${'x'.repeat(1024 * 1024)}`)), 'too-big');
  const linked = listAt('ada@x.org\n');
  fs.linkSync(linked, join(folder, 'second-name'));
  assert.equal(await refusalAt(linked), 'linked');
  assert.equal(fs.readFileSync(linked, 'utf8'), 'ada@x.org\n');
});

test('waits while another process holds the lock, then reports it; nothing is lost once the lock is free', async () => {
  const path = listAt('ada@x.org\n');
  assert.deepEqual(await createAccessFile(path).change(adding('eve@x.org')), { value: 'added' });
  const other = new DatabaseSync(`${path}.lock`);
  other.exec('BEGIN EXCLUSIVE');
  assert.deepEqual(await createAccessFile(path, 60).change(adding('bob@x.org')), { fault: 'busy' });
  const waiting = createAccessFile(path, 20_000).change(adding('bob@x.org'));
  other.close();
  assert.deepEqual(await waiting, { value: 'added' });
});

test('file-system errors become named reasons; any other error is rethrown', () => {
  const named = {
    EROFS: 'read-only',
    EACCES: 'no-rights',
    EBUSY: 'mounted-alone',
    ENOSPC: 'disk-full',
    ENOTDIR: 'no-folder',
  };
  for (const [code, fault] of Object.entries(named))
    assert.equal(faultOf(Object.assign(new Error(code), { code })), fault);
  assert.throws(() => faultOf(new TypeError('a mistake')), TypeError);
});

test('a pipe in place of the list is refused without opening it, which would block forever', () => {
  const pipe = join(fs.mkdtempSync(join(root, 'case-')), 'emails.txt');
  execFileSync('/usr/bin/env', ['mkfifo', pipe]);
  const file = new URL('../src/access/file.ts', import.meta.url).href;
  const script = `import { createAccessFile } from '${file}'; console.log(createAccessFile(process.argv[1]).read().fault);`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script, pipe], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  assert.equal(stdout.trim(), 'not-a-file');
});

if (process.geteuid?.() === 0)
  test('the list keeps its owner when root changes it, so that oauth2-proxy can still read it', async () => {
    const path = listAt('ada@x.org\n');
    fs.chownSync(path, 1234, 2345);
    assert.ok('value' in (await createAccessFile(path).change(adding('grace@x.org'))));
    const { uid, gid } = fs.statSync(path);
    assert.deepEqual([uid, gid], [1234, 2345]);
  });

test('a byte-order mark is kept: oauth2-proxy reads it as part of the first address', () => {
  const text = '\ufeffada@x.org\n';
  assert.deepEqual(createAccessFile(listAt(text)).read(), { text });
});
