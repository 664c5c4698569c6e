// File system errors in the real program: every start and every command names the file, its setting and what to do.
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, suite, test } from 'node:test';
import { readOrdinaryFile } from '../src/files/ordinary-file.ts';
import { securePrivateFiles } from '../src/files/private-files.ts';
import { compileCache } from './support/compile-cache.ts';
import { patienceMs } from './support/eventually.ts';

const program = resolve(import.meta.dirname, '..');
const gatehouse = join(program, 'src/main.ts');
const generator = join(program, 'generate-secrets.ts');
const root = fs.mkdtempSync(join(tmpdir(), 'gatehouse-faults-'));
after(() => fs.rmSync(root, { recursive: true, force: true }));

interface Ended {
  readonly code: number | string;
  readonly said: string;
}

/** The same for all commands, because a store belongs to one deployment. */
const secrets = { SECRET_KEY: randomBytes(32).toString('hex'), GATE_SECRET: randomBytes(32).toString('hex') };

/** Runs a command in `folder` until it exits. @param command passed without a shell */
function run(folder: string, ...command: string[]): Promise<Ended> {
  const env = {
    ...{ PATH: process.env['PATH'], HOME: process.env['HOME'] },
    ...compileCache,
    ...secrets,
    ...{ AUDIT_LOG_FILE: 'off', CONFLUENCE_URL: 'https://wiki.test', VAULT_PASSPHRASE: 'Zk3vQ9xT7mB1nL5c' },
  };
  const [file = '', ...args] = command;
  return new Promise((done) => {
    execFile(
      file,
      args,
      { cwd: folder, env, timeout: Math.min(30_000, patienceMs) },
      (error, stdout, stderr) =>
        done({ code: error ? (error.code ?? 'did not end') : 0, said: stdout + stderr }),
    );
  });
}

const node = (folder: string, ...args: string[]) => run(folder, process.execPath, gatehouse, ...args);

function place(): string {
  return fs.mkdtempSync(join(root, 'case-'));
}

/** @param make breaks something in the folder @param says what the last line must contain */
interface State {
  readonly name: string;
  readonly make: (folder: string) => void;
  readonly says: RegExp;
  /** Default: `serve`. */
  readonly command?: readonly string[];
}

const data = (folder: string) => fs.mkdirSync(join(folder, 'data'), { mode: 0o700 });
const states: readonly State[] = [
  {
    name: 'DATA_DIR is a file',
    make: (folder) => fs.writeFileSync(join(folder, 'data'), ''),
    says: /: data \(DATA_DIR\) is in the way: .*move it away/,
  },
  {
    name: 'DATA_DIR is a circular link',
    make: (folder) => fs.symlinkSync('data', join(folder, 'data')),
    says: /: data \(DATA_DIR\) is a symbolic link/,
  },
  {
    name: 'the database is a folder',
    make: (folder) => fs.mkdirSync(join(folder, 'data/gatehouse.db'), { recursive: true, mode: 0o700 }),
    says: /: data\/gatehouse\.db \(DATA_DIR\) is a folder/,
  },
  {
    name: 'the database is a link',
    make: (folder) => {
      data(folder);
      fs.writeFileSync(join(folder, 'elsewhere.db'), '');
      fs.symlinkSync('../elsewhere.db', join(folder, 'data/gatehouse.db'));
    },
    says: /: data\/gatehouse\.db \(DATA_DIR\) is a symbolic link.*put the file itself there/,
    command: ['sessions', 'list'],
  },
  {
    name: 'the vault is a link',
    make: (folder) => {
      data(folder);
      fs.symlinkSync('../vault.json', join(folder, 'data/vault.json'));
    },
    says: /: data\/vault\.json \(DATA_DIR\) is a symbolic link/,
  },
  {
    name: 'the database file is not a database',
    make: (folder) => {
      data(folder);
      fs.writeFileSync(join(folder, 'data/gatehouse.db'), randomBytes(8192), { mode: 0o600 });
    },
    says: /: data\/gatehouse\.db \(DATA_DIR\) is not a database of Gatehouse.*stop Gatehouse and put the right file/,
  },
];

suite('existing files', { concurrency: 4 }, () => {
  for (const { name, make, says, command = ['serve'] } of states) {
    test(name, async () => {
      const folder = place();
      make(folder);
      const { code, said } = await node(folder, ...command);
      assert.equal(code, 1, said);
      assert.match(said.trim().split('\n').at(-1) ?? '', says);
    });
  }

  test('the library file is not a database', async () => {
    const folder = place();
    data(folder);
    fs.writeFileSync(join(folder, 'data/library.db'), randomBytes(8192), { mode: 0o600 });
    for (const command of [['serve'], ['confluence', 'status']]) {
      const { code, said } = await node(folder, ...command);
      assert.equal(code, 1, said);
      assert.match(said, /data\/library\.db \(DATA_DIR\) is not a database of Gatehouse/);
    }
  });

  test('a damaged database is reported by a command that reads it', async () => {
    const folder = place();
    assert.equal((await node(folder, 'sessions', 'list')).code, 0);
    const path = join(folder, 'data/gatehouse.db');
    const bytes = fs.readFileSync(path);
    // Keeps the header and the schema's first page.
    fs.writeFileSync(path, Buffer.concat([bytes.subarray(0, 4096), randomBytes(bytes.length - 4096)]));
    const { code, said } = await node(folder, 'sessions', 'list');
    assert.equal(code, 1, said);
    assert.match(said, /gatehouse\.db \(DATA_DIR\) is damaged: stop Gatehouse, keep a copy/);
  });
});

suite('special files as arguments of commands', { concurrency: 4 }, () => {
  const folder = place();
  execFileSync('sh', ['-c', 'mkfifo "$1"', 'sh', join(folder, 'pipe')]);
  const commands: readonly string[][] = [
    ['vault', 'import-legacy', 'pipe', '--computer', 'PC', '--user', 'ada'],
    ['vault', 'import-legacy', gatehouse, '--salt', 'pipe', '--computer', 'PC', '--user', 'ada'],
    ['audit', 'verify', '--file', 'pipe'],
    ['audit', 'verify', '--checkpoint', 'pipe'],
    ['audit', 'checkpoint', '--out', 'pipe'],
  ];
  for (const command of commands) {
    test(command.join(' '), async () => {
      const { code, said } = await node(folder, ...command);
      assert.ok(code === 1 || code === 2, `${code} ${said}`);
      assert.match(said, /pipe .*is not a regular file/);
    });
  }

  test('a folder, a device and a missing file', () => {
    const table = { [folder]: 'folder', '/dev/zero': 'not-a-file', [join(folder, 'none')]: 'missing' };
    for (const [path, fault] of Object.entries(table))
      assert.throws(() => readOrdinaryFile({ path }), { name: 'FileRefused', fault });
  });
});

const isRoot = process.geteuid?.() === 0;
const apart = isRoot ? ['unshare', '--mount'] : ['unshare', '--user', '--map-root-user', '--mount'];

function canMount(): boolean {
  try {
    execFileSync(apart[0] ?? '', [...apart.slice(1), 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Runs in a mount namespace of its own, after `mounts`, lines of shell script. */
function mounted(folder: string, mounts: string, ...command: string[]): Promise<Ended> {
  return run(folder, ...apart, 'sh', '-euc', `${mounts}\nexec "$@"`, 'sh', process.execPath, ...command);
}

suite('mounts', {
  skip: canMount() ? false : 'this system has no mount namespaces',
  concurrency: 4,
}, () => {
  const secretFiles = (folder: string) => fs.readdirSync(folder).filter((name) => /backup|tmp/.test(name));

  test('a `.env` that is a mount of its own is not changed, and no copy with secrets is left', async () => {
    const folder = place();
    assert.equal((await run(folder, process.execPath, generator)).code, 0);
    const before = fs.readFileSync(join(folder, '.env'), 'utf8');
    const { code, said } = await mounted(
      folder,
      'mount --bind .env .env',
      ...[generator, '--rotate', 'session', '--yes'],
    );
    assert.equal(code, 1, said);
    assert.match(
      said,
      /\.env \(--env\) cannot be replaced, since it is mounted as a single file: .*nothing was changed/,
    );
    assert.deepEqual([fs.readFileSync(join(folder, '.env'), 'utf8'), secretFiles(folder)], [before, []]);
  });

  test('a full disk and a read-only one: the generator', async () => {
    const folder = place();
    assert.equal((await run(folder, process.execPath, generator)).code, 0);
    fs.mkdirSync(join(folder, 'disk'));
    const rotate = [generator, '--env', 'disk/.env', '--rotate', 'session', '--yes'];
    const list = 'ls -A disk > left';
    const full = [
      'mount -t tmpfs -o size=64k,mode=700 none disk',
      'cp .env disk/.env; : > disk/.env.lock',
      'head -c 200000 /dev/zero > disk/fill 2>/dev/null || true',
    ].join('\n');
    const script = `${full}\nset +e; "$@"; code=$?; ${list}; exit $code`;
    const one = await run(folder, ...apart, 'sh', '-euc', script, 'sh', process.execPath, ...rotate);
    assert.equal(one.code, 1, one.said);
    assert.match(one.said, /disk is full: free some space.*nothing was changed/);
    assert.doesNotMatch(fs.readFileSync(join(folder, 'left'), 'utf8'), /backup|tmp/);
    const other = await mounted(
      folder,
      'mount -t tmpfs none disk\ncp .env disk/.env\nmount -o remount,ro disk',
      ...rotate,
    );
    assert.equal(other.code, 1, other.said);
    assert.match(other.said, /\.lock.*read-only: mount it writable.*nothing was changed/);
  });

  test('a full disk and a read-only one: the server and a command', async () => {
    const folder = place();
    assert.equal((await node(folder, 'sessions', 'list')).code, 0);
    const full = [
      'mount --bind data data',
      'mount -t tmpfs -o size=600k,mode=700 none data',
      'head -c 2000000 /dev/zero > data/fill 2>/dev/null || true',
    ].join('\n');
    const fresh = await mounted(folder, full, gatehouse, 'serve');
    assert.equal(fresh.code, 1, fresh.said);
    assert.match(fresh.said, /\(DATA_DIR\) cannot be written: the disk is full: free some space/);
    const readOnly = 'mount --bind data data\nmount -o remount,ro,bind data';
    for (const command of [['serve'], ['sessions', 'list']]) {
      const { code, said } = await mounted(folder, readOnly, gatehouse, ...command);
      assert.equal(code, 1, said);
      assert.match(said, /\(DATA_DIR\) cannot be written: .*read-only: mount it writable/);
    }
  });
});

test('files readable by others are closed, with a log line', async () => {
  const folder = place();
  fs.mkdirSync(join(folder, 'data'));
  fs.writeFileSync(join(folder, 'data/vault.json'), '');
  for (const [name, mode] of [
    ['data', 0o777],
    ['data/vault.json', 0o644],
  ] as const)
    fs.chmodSync(join(folder, name), mode);
  assert.deepEqual(securePrivateFiles(join(folder, 'data'), ['vault.json']), [
    join(folder, 'data'),
    join(folder, 'data/vault.json'),
  ]);
  const modeOf = (name: string) => (fs.statSync(join(folder, name)).mode & 0o777).toString(8);
  assert.deepEqual([modeOf('data'), modeOf('data/vault.json')], ['755', '600']);
  assert.deepEqual(securePrivateFiles(join(folder, 'data'), ['vault.json']), []);
});

test('another user’s data folder', {
  skip: isRoot ? false : 'only root can take a file from this user',
}, async () => {
  const folder = place();
  fs.chmodSync(root, 0o755);
  fs.chmodSync(folder, 0o755);
  assert.equal((await node(folder, 'sessions', 'list')).code, 0);
  const somebody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath];
  for (const command of [['serve'], ['sessions', 'list'], ['audit', 'verify']]) {
    const { code, said } = await run(folder, ...somebody, gatehouse, ...command);
    assert.equal(code, 1, said);
    assert.match(said, /\(DATA_DIR\) cannot be read or written by the user that runs this: make that user/);
  }
  fs.chmodSync(join(folder, 'data'), 0o777);
  const open = await run(folder, ...somebody, gatehouse, 'sessions', 'list');
  assert.equal(open.code, 1, open.said);
  assert.match(open.said, /data \(DATA_DIR\) can be written by other users.*chmod go-w/);
  fs.chownSync(join(folder, 'data'), 65534, 65534);
  const foreign = await run(folder, ...somebody, gatehouse, 'sessions', 'list');
  assert.equal(foreign.code, 1, foreign.said);
  assert.match(foreign.said, /gatehouse\.db \(DATA_DIR\) belongs to another user/);
});
