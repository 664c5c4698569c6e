// The data folder and its files: modes are corrected; anything that could be a trap set by another user is refused by name.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { FileRefused } from './file-refused.ts';
import { readOrdinaryFile } from './ordinary-file.ts';
import { securePrivateFiles } from './private-files.ts';

const { geteuid, getegid, getgroups } = process;
const real = { geteuid, getegid, getgroups };
const me = process.geteuid?.() ?? 0;
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);

function folderOf(t: TestContext, mode = 0o700): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-private-'));
  chmodSync(folder, mode);
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function fileIn(folder: string, mode: number, name = 'gatehouse.db'): string {
  const path = join(folder, name);
  writeFileSync(path, '');
  chmodSync(path, mode);
  return path;
}

/** Makes the program believe that it runs as another user. */
function actAs(t: TestContext, uid: number, gid: number): void {
  Object.assign(process, { geteuid: () => uid, getegid: () => gid, getgroups: () => [] });
  t.after(() => Object.assign(process, real));
}

const faultOf = (work: () => unknown): string => {
  try {
    work();
    return 'none';
  } catch (error) {
    assert.ok(error instanceof FileRefused, String(error));
    return error.fault;
  }
};

suite('private files', { skip: process.platform === 'win32' && 'Windows has no modes' }, () => {
  test('a folder that others may write to is closed to them; read access stays', (t) => {
    for (const [before, after] of [
      [0o770, '750'],
      [0o707, '705'],
      [0o777, '755'],
    ] as const) {
      const folder = folderOf(t, before);
      assert.deepEqual(securePrivateFiles(folder), [folder]);
      assert.equal(modeOf(folder), after);
    }
    const folder = folderOf(t, 0o755);
    assert.deepEqual(securePrivateFiles(folder), []);
    assert.deepEqual(securePrivateFiles(join(folder, 'none')), []);
  });

  test('another user’s folder that others may write to is refused', (t) => {
    const folder = folderOf(t, 0o770);
    actAs(t, me + 1, statSync(folder).gid + 1);
    assert.equal(
      faultOf(() => securePrivateFiles(folder)),
      'open-to-others',
    );
  });

  test('a folder that root shares with this program’s group is accepted, unless everyone may write', {
    skip: me !== 0 && 'only root can lend one',
  }, (t) => {
    const lent = folderOf(t, 0o770);
    const open = folderOf(t, 0o772);
    actAs(t, 1000, statSync(lent).gid);
    assert.deepEqual(securePrivateFiles(lent), []);
    assert.equal(
      faultOf(() => securePrivateFiles(open)),
      'open-to-others',
    );
  });

  test('a file becomes readable only by its owner', (t) => {
    const folder = folderOf(t);
    const paths = [
      fileIn(folder, 0o640),
      fileIn(folder, 0o604, 'gatehouse.db-wal'),
      fileIn(folder, 0o666, 'vault.json'),
    ];
    fileIn(folder, 0o600, 'library.db');
    const notOurs = fileIn(folder, 0o644, 'notes.txt');
    assert.deepEqual(securePrivateFiles(folder, ['vault.json']), paths);
    for (const path of paths) assert.equal(modeOf(path), '600');
    assert.equal(modeOf(notOurs), '644');
  });

  test('anything but a regular file in its place is refused by name', (t) => {
    const make: Record<string, (path: string) => void> = {
      link: (path) => symlinkSync('/etc/passwd', path),
      folder: (path) => mkdirSync(path),
      'not-a-file': (path) => execFileSync('/usr/bin/env', ['mkfifo', path]),
    };
    for (const [fault, put] of Object.entries(make)) {
      const folder = folderOf(t);
      put(join(folder, 'gatehouse.db'));
      assert.equal(
        faultOf(() => securePrivateFiles(folder)),
        fault,
      );
    }
  });

  test('another user’s file is refused, except by root, who runs commands for others', (t) => {
    const folder = folderOf(t);
    const path = fileIn(folder, 0o600);
    actAs(t, statSync(path).uid + 1, 0);
    assert.equal(
      faultOf(() => securePrivateFiles(folder)),
      'not-yours',
    );
    actAs(t, 0, 0);
    assert.deepEqual(securePrivateFiles(folder), []);
  });
});

test('only a regular file is read: a folder or a pipe is refused immediately', (t) => {
  const folder = folderOf(t);
  const path = fileIn(folder, 0o600);
  writeFileSync(path, 'text');
  assert.equal(readOrdinaryFile({ path }).toString(), 'text');
  const at = (name: string) => faultOf(() => readOrdinaryFile({ path: join(folder, name) }));
  assert.equal(at('.'), 'folder');
  assert.equal(at('none'), 'missing');
  execFileSync('/usr/bin/env', ['mkfifo', join(folder, 'pipe')]);
  assert.equal(at('pipe'), 'not-a-file');
});
