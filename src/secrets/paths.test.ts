// File names, on Windows too.
import assert from 'node:assert/strict';
import { posix, win32 } from 'node:path';
import { test } from 'node:test';
import { backupBeside, exampleBeside, isBackupOf, isExample } from './paths.ts';

const at = Date.UTC(2026, 10, 23, 15, 4, 5, 678);

test('beside the file, as the system writes paths', () => {
  const table = [
    [posix, '/srv/desk/.env', '/srv/desk/.env.example', '/srv/desk/.env.backup-20261123T150405Z'],
    [
      win32,
      'C:\\Ada\\a desk\\.env',
      'C:\\Ada\\a desk\\.env.example',
      'C:\\Ada\\a desk\\.env.backup-20261123T150405Z',
    ],
    [win32, 'C:/Ada/.env', 'C:\\Ada\\.env.example', 'C:\\Ada\\.env.backup-20261123T150405Z'],
    [
      win32,
      '\\\\host\\share\\.env',
      '\\\\host\\share\\.env.example',
      '\\\\host\\share\\.env.backup-20261123T150405Z',
    ],
  ] as const;
  for (const [paths, env, example, backup] of table) {
    assert.deepEqual([exampleBeside(env, paths), backupBeside(env, at, 1, paths)], [example, backup]);
    assert.equal(backupBeside(env, at, 3, paths), `${backup}-3`);
    assert.ok(isBackupOf(env, paths.basename(backup), paths));
    // On Windows a colon would name an NTFS stream: none of our names has one.
    assert.ok(!paths.basename(backup).includes(':'));
  }
});

test('the shared example is recognised by its name in any case', () => {
  assert.ok(isExample('C:\\desk\\.ENV.Example', win32) && isExample('/desk/.env.example', posix));
  assert.ok(!isExample('C:\\desk\\.env.example\\.env', win32) && !isExample('/desk/x.env.example', posix));
});

test('only copies with exactly the name that this program gives are its own', () => {
  const own = ['.env.backup-20261123T150405Z', '.env.backup-20261123T150405Z-12'];
  const others = [
    '.env',
    '.env.backup',
    '.env.backup-mine',
    '.env.backup-20261123T150405Z.old',
    '.env.backup-2026',
    'a.env.backup-20261123T150405Z',
    '.env.local.backup-20261123T150405Z',
  ];
  for (const entry of own) assert.ok(isBackupOf('/desk/.env', entry), entry);
  for (const entry of others) assert.ok(!isBackupOf('/desk/.env', entry), entry);
});
