// Which lines of a `.env` file are ambiguous; all others have the same meaning to this program and to a shell.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { parse } from 'dotenv';
import fc from 'fast-check';
import { type Ambiguity, ambiguityProblems, findAmbiguousLines } from './ambiguous-lines.ts';
import { envExample } from './documents.ts';
import { loadConfig } from './load.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-ambiguous-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const ambiguous: readonly (readonly [
  text: string,
  ...found: (readonly [line: number, kind: Ambiguity])[],
])[] = [
  ['\uFEFFA=1\n', [1, 'byte-order-mark']],
  ['A=1\r\nB=2\r\n', [1, 'carriage-return']],
  ['A=1\rB=2\r', [1, 'carriage-return'], [1, 'control-character']],
  ['SECRET_KEY=a\nB=1\nexport SECRET_KEY=b\n', [3, 'twice']],
  ['A=1\nB="x\nC=2\n', [2, 'open-quote']],
  ["A='x\nSECRET_KEY=y\nB='\n", [1, 'open-quote'], [3, 'open-quote']],
  ['A="x" y\n', [1, 'behind-quote']],
  ["A='x'y\n", [1, 'behind-quote']],
  ['A="x"#y\n', [1, 'behind-quote']],
  ['A=abc #def\n', [1, 'cut']],
  ['A=abc#def\n', [1, 'cut']],
  ['A=#abc\n', [1, 'cut']],
  ['A= # to do\n', [1, 'around-sign'], [1, 'cut']],
  ["A=ab'c\n", [1, 'quote-inside']],
  ['A=a b\n', [1, 'spaces']],
  ['A = b\n', [1, 'around-sign']],
  ['A= b\n', [1, 'around-sign']],
  ['A: b\n', [1, 'around-sign']],
  ['A=$HOME\n', [1, 'dollar']],
  ['A="pa$$word"\n', [1, 'dollar']],
  ['A=a\\nb\n', [1, 'backslash']],
  ['A="a\\nb"\n', [1, 'backslash']],
  ["A='a\\'b'\n", [1, 'backslash']],
  ['A=`x`\n', [1, 'backtick']],
  ['A="`x`"\n', [1, 'backtick']],
  ['A=https://h/p?a=1&b=2\n', [1, 'shell-sign']],
  ['A=~/x\n', [1, 'shell-sign']],
  ['A.B=1\n', [1, 'name']],
  ['HOME\n', [1, 'no-assignment']],
  ['[production]\n', [1, 'no-assignment']],
  ['; a comment\n', [1, 'no-assignment']],
  ['A=a\u0007b\n', [1, 'control-character']],
  ['A=a\u200bb\n', [1, 'control-character']],
  ['A=\u00a0b\n', [1, 'control-character']],
];

const clear: readonly string[] = [
  '',
  '# a comment with \u00a0 and \u200b, $x and "quotes\n\n  # another\n',
  'A=1\nexport B=2\n\tC=3  \n',
  'A=\nB=""\nC= \n',
  'A="a b # c" # a comment\nB=\'pa$$\\n`word`\' # another\n',
  "PEM='-----BEGIN\nMIIBabc=\n-----END'\nB=1\n",
  'PEM="-----BEGIN\nMIIBabc=\n-----END"\nB=1\n',
  'U=https://u:p@h:1/p?a=1,b\nD=1a2b3c4d=2026-11-23,5e6f7a8b=2026-11-24\n',
];

test('ambiguous lines are found, and clear ones are left alone', () => {
  for (const [text, ...found] of ambiguous)
    assert.deepEqual(
      findAmbiguousLines(text).map(({ line, kind }) => [line, kind]),
      found,
      JSON.stringify(text),
    );
  for (const text of [...clear, envExample()]) assert.deepEqual(findAmbiguousLines(text), [], text);
});

test('messages name the line, the variable and what to do, and never a value', () => {
  for (const [text] of ambiguous) {
    for (const { name, message } of ambiguityProblems('.env', text.replaceAll(/[ab]c?/g, 'S3cret')))
      assert.ok(/^\.env:\d+$/.test(name) && message.includes(';') && !message.includes('S3cret'), message);
  }
  // A base64 secret that was pasted on a line of its own can look like the name of a variable.
  const [pasted] = ambiguityProblems('.env', 'c2VjcmV0LXNlY3JldA== x\n');
  assert.doesNotMatch(pasted?.message ?? 'c2Vj', /c2Vj/);
  assert.match(
    ambiguityProblems('.env', 'SECRET_KEY=x\nSECRET_KEY=y\n').map(
      ({ name, message }) => `${name} ${message}`,
    )[0] ?? '',
    /^\.env:2 SECRET_KEY is set more than once in the file; .*also on line 1/,
  );
});

const unset = 'not set';
const script = `set -a; . "$1"; printf '%s\\0' "\${A-${unset}}" "\${B-${unset}}" "\${C-${unset}}"`;

/** What a shell has in A, B and C after sourcing the file; undefined where it failed, or ran a command. */
function shellReads(text: string): Record<string, string> | undefined {
  const path = join(folder, 'x.env');
  writeFileSync(path, text);
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', script, 'sh', path], {
    encoding: 'utf8',
    env: { HOME: '/home/ada', PATH: '/nowhere' },
  });
  if (status !== 0 || stderr !== '') return undefined;
  const values = stdout.split('\0');
  const pairs = ['A', 'B', 'C'].map((name, index) => [name, values[index] ?? unset] as const);
  return Object.fromEntries(pairs.filter(([, value]) => value !== unset));
}

suite('readers agree', () => {
  test('a shell reads every clear line as this program does', () => {
    const piece = fc.constantFrom(
      ...[
        'a',
        'B',
        '1',
        ' ',
        '\t',
        '#',
        '"',
        "'",
        '`',
        '$',
        '\\',
        '=',
        ':',
        '~',
        '&',
        ';',
        '(',
        '!',
        '*',
        '{a,b}',
      ],
      ...['\n', '\nB=', '\nexport C=', "'x'", '"y"', ' # c', '\\n', '$HOME', '%', '@', '-'],
    );
    let agreed = 0;
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 7 }), (pieces) => {
        const text = `A=${pieces.join('')}\n`;
        if (findAmbiguousLines(text).length > 0) return;
        agreed += 1;
        assert.deepEqual(shellReads(text), { ...parse(text) }, JSON.stringify(text));
      }),
      { numRuns: 500, seed: 12 },
    );
    assert.ok(agreed >= 50, `${agreed} were clear`);
    for (const text of clear.slice(2, 5)) assert.deepEqual(shellReads(text), { ...parse(text) }, text);
  });
});

test('the start is refused for each, with its line', () => {
  const envFile = join(folder, '.env');
  const secrets = `SECRET_KEY=${'0123456789abcdef'.repeat(4)}\nGATE_SECRET=${'Zk3vQ9xT7mB1nL5c'.repeat(3)}\n`;
  writeFileSync(envFile, `${secrets}ADMIN_EMAILS=ada@example.org, grace@example.org\nPORT=3000 # ours\n`);
  const loaded = loadConfig({ env: {}, envFile });
  assert.ok('problems' in loaded);
  assert.deepEqual(
    loaded.problems.map(({ name }) => name),
    [`${envFile}:3`, `${envFile}:4`],
  );
  writeFileSync(envFile, `${secrets}ADMIN_EMAILS='ada@example.org, grace@example.org'\n# ours\nPORT=3000\n`);
  assert.ok('config' in loadConfig({ env: {}, envFile }));
});
