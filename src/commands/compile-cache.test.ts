// Where compiled code may be kept: anyone who can write there can run code as this user.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { cacheFolder } from './compile-cache.mjs';

function folderFor(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'gatehouse-cache-')));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('uses a private folder of this user, created if missing', (t) => {
  const home = folderFor(t);
  const folder = cacheFolder({ HOME: home });
  assert.equal(folder, join(home, '.cache', 'gatehouse-compiled'));
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(cacheFolder({ HOME: home }), folder);
  assert.equal(
    cacheFolder({ HOME: home, XDG_CACHE_HOME: join(home, 'x') }),
    join(home, 'x', 'gatehouse-compiled'),
  );
  symlinkSync(join(home, 'x'), join(home, 'link'));
  assert.equal(
    cacheFolder({ XDG_CACHE_HOME: join(home, 'link') }),
    join(home, 'x', 'gatehouse-compiled'),
    'a link is judged by where it leads',
  );
  const systemd = { HOME: home, CACHE_DIRECTORY: `${join(home, 's')}:${join(home, 't')}` };
  assert.equal(cacheFolder(systemd), join(home, 's', 'gatehouse-compiled'));
});

test('no folder that others can write to, directly, through a parent or through a link', (t) => {
  const base = folderFor(t);
  const folder = join(base, 'gatehouse-compiled');
  const asked = { XDG_CACHE_HOME: base };
  assert.equal(cacheFolder(asked), folder);
  for (const mode of [0o720, 0o702, 0o1777]) {
    chmodSync(folder, mode);
    assert.equal(cacheFolder(asked), undefined, mode.toString(8));
  }
  chmodSync(folder, 0o700);
  chmodSync(base, 0o770);
  assert.equal(cacheFolder(asked), undefined);
  chmodSync(base, 0o1777);
  assert.equal(cacheFolder(asked), folder, 'nobody else can move it out of a sticky folder');
  chmodSync(base, 0o700);
  const open = join(base, 'open');
  mkdirSync(join(open, 'inner'), { recursive: true });
  chmodSync(open, 0o777);
  rmSync(folder, { recursive: true });
  symlinkSync(join(open, 'inner'), folder);
  assert.equal(cacheFolder(asked), undefined);
});

test('no folder if there is no place for one', (t) => {
  const base = folderFor(t);
  assert.equal(cacheFolder({ XDG_CACHE_HOME: 'relative' }), undefined);
  assert.equal(cacheFolder({ XDG_CACHE_HOME: '/proc/nowhere' }), undefined);
  symlinkSync(join(base, 'nowhere'), join(base, 'gatehouse-compiled'));
  assert.equal(cacheFolder({ XDG_CACHE_HOME: base }), undefined);
});

test('no folder of another user', {
  skip: process.getuid?.() !== 0 && 'only root can give a folder away',
}, async (t) => {
  const base = folderFor(t);
  const folder = cacheFolder({ XDG_CACHE_HOME: base }) ?? '';
  const { chownSync } = await import('node:fs');
  chownSync(folder, 12_345, 12_345);
  assert.equal(cacheFolder({ XDG_CACHE_HOME: base }), undefined);
});
