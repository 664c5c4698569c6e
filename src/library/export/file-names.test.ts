// File names: whatever a title is, every system accepts the name, and no two pages of a space share one.
import assert from 'node:assert/strict';
import { basename, posix, win32 } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { hostileTitles } from '../../../test/support/hostile-pages.ts';
import { disposition, folderName, foldName, namesOf, safeName } from './file-names.ts';

function assertSafe(name: string, about: string): void {
  const said = JSON.stringify(about.slice(0, 60));
  assert.ok(name.length > 0 && Buffer.byteLength(name) <= 120, said);
  assert.ok(name.isWellFormed() && name === name.normalize('NFC'), said);
  assert.doesNotMatch(name, /[<>:"/\\|?*%\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/u, said);
  assert.doesNotMatch(name, /^[\s.~-]|[\s.]$/u, said);
  assert.doesNotMatch(name, /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)([ .]|$)/i, said);
  for (const path of [posix, win32]) {
    const file = `${name}.html`;
    assert.equal(path.basename(file), file, said);
    assert.equal(path.join('exports', 'DOC', file).split(path.sep).length, 3, said);
  }
}

test('a personal space never shares a folder with another space', () => {
  assert.equal(folderName('HR'), 'HR');
  const folders = ['HR', '~HR', '.HR', '~~HR', 'HR.'].map(folderName);
  for (const folder of folders) assertSafe(folder, folder);
  assert.equal(new Set(folders.map(foldName)).size, folders.length);
});

test('every hostile title', () => {
  for (const title of hostileTitles) assertSafe(safeName(title), title);
  assert.equal(safeName('Getting started'), 'Getting started');
  assert.equal(safeName('a/b: c?'), 'a-b- c-');
  assert.equal(safeName('con.txt'), '_con.txt');
  assert.equal(safeName('...'), 'untitled');
  assert.equal(safeName('photo\u202egnp.exe'), 'photognp.exe');
});

test('anything at all, alone and together', () => {
  const word = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom(...hostileTitles),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (titles) => {
      for (const title of titles) {
        assertSafe(safeName(title), title);
        assert.equal(safeName(safeName(title)), safeName(title));
      }
      const names = namesOf(titles.map((title, index) => ({ id: String(index), title })));
      assert.equal(names.size, titles.length);
      assert.equal(new Set([...names.values()].map(foldName)).size, titles.length);
      for (const name of names.values()) assertSafe(name, name);
    }),
    { numRuns: 1500 },
  );
});

test('names that some system treats as equal are distinguished, and a unique title keeps its name', () => {
  const names = [
    ...namesOf(
      [
        'README',
        'readme',
        'ReadMe ',
        'Café',
        'Cafe\u0301',
        'Straße',
        'STRASSE',
        'index',
        'Files',
        'x',
        'x',
        'x (2)',
      ].map((title, index) => ({ id: String(index), title })),
    ).values(),
  ];
  assert.deepEqual(names, [
    'README',
    'readme (2)',
    'ReadMe (3)',
    'Café',
    'Café (2)',
    'Straße',
    'STRASSE (2)',
    'index (2)',
    'Files (2)',
    'x',
    'x (2)',
    'x (2) (2)',
  ]);
});

test('many pages with one title do not take quadratic time', () => {
  const began = performance.now();
  const names = namesOf(
    Array.from({ length: 20_000 }, (_, index) => ({ id: String(index), title: 'Notes' })),
  );
  assert.equal(new Set(names.values()).size, 20_000);
  assert.ok(performance.now() - began < 20_000);
});

test('a download header is one line with one name, whatever the file is called', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...hostileTitles)), (title) => {
      const header = disposition('attachment', title);
      assert.match(header, /^attachment; filename="[\w .()-]+"; filename\*=UTF-8''[\w%.!~$&+^`|-]+$/);
      const name = decodeURIComponent(header.slice(header.indexOf("''") + 2));
      assert.equal(basename(name), name);
    }),
  );
});
