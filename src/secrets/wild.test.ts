// `.env` files as people write them: either edited so that dotenv, Node's own reader and a shell agree on the new value and nothing else
// changes, or refused with the line number.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { parseEnv } from 'node:util';
import { parse } from 'dotenv';
import { type EnvFault, editEnv } from './env-file.ts';

const root = mkdtempSync(join(tmpdir(), 'gatehouse-wild-'));
after(() => rmSync(root, { recursive: true }));

/** The secret in the texts below: its old value and its new one. */
const [before, now] = ['oldoldold', 'Zk3vQ9-xT7_mB1'];

interface Row {
  readonly name: string;
  /** If edited: `OLD` marks the place of the new value; if refused: the text as it is. */
  readonly text: string;
  /** If refused: the reason, and the lines. */
  readonly refused?: readonly [EnvFault['reason'], ...number[]];
  /** A shell would not read the whole file in the same way. */
  readonly notForShells?: true;
  /** Node's own reader sees other names than dotenv, which the app uses, both before and after. */
  readonly notForNode?: true;
}

const rows: readonly Row[] = [
  { name: 'plain', text: 'A=1\nKEY=OLD\nB=2\n' },
  { name: 'CRLF', text: 'A=1\r\nKEY=OLD\r\nB=2\r\n', notForShells: true },
  { name: 'CR alone, from an old Mac', text: 'A=1\rKEY=OLD\rB=2\r', notForShells: true },
  { name: 'mixed line endings', text: 'A=1\r\nB=2\nKEY=OLD\r\nC=3\n', notForShells: true },
  { name: 'no line break at the end', text: 'A=1\nKEY=OLD' },
  { name: 'only that line', text: 'KEY=OLD' },
  { name: 'double quotes', text: 'KEY="OLD"\n' },
  { name: 'single quotes', text: "KEY='OLD'\n" },
  { name: 'backticks', text: 'A=1\nKEY=`OLD`\n', notForShells: true },
  { name: 'export', text: 'export A=1\nexport KEY=OLD\n' },
  { name: 'export and quotes', text: 'export KEY="OLD"\n' },
  { name: 'export with tabs', text: '\texport\tKEY=OLD\n', notForNode: true },
  { name: 'a trailing comment', text: 'KEY=OLD # rotate in May\n' },
  { name: 'a comment after quotes', text: 'KEY="OLD" # rotate in "May"\n' },
  { name: 'an apostrophe in the comment', text: "KEY=OLD # don't touch\nB='x'\n" },
  { name: 'spaces around the sign', text: 'KEY = OLD\nB=2\n', notForShells: true },
  { name: 'tabs around the sign', text: 'KEY\t=\tOLD\n', notForShells: true },
  { name: 'indented', text: '   KEY=OLD\n' },
  { name: 'trailing spaces', text: 'KEY=OLD   \nB=2\n' },
  { name: 'empty lines', text: '\n\n\nKEY=OLD\n\n\nB=2\n\n' },
  { name: 'comments all around', text: '# KEY=no\n#KEY=no\nKEY=OLD\n# KEY=no\n' },
  {
    name: 'unicode elsewhere',
    text: '# Schlüssel für den Büro-Server 🔑\nGREETING="Grüß Gott, 世界"\nKEY=OLD\n',
  },
  { name: 'a neighbour with # in quotes', text: 'B="a#b"\nKEY=OLD\nC=\'#fff\'\n' },
  { name: 'a neighbour with # unquoted', text: 'B=a#b\nKEY=OLD\n' },
  { name: 'backslashes', text: 'B="C:\\\\Users\\\\Ada"\nKEY=OLD\nC=\'\\n\'\n' },
  { name: '$ in a neighbour', text: 'B="$HOME/x"\nC=$KEY\nKEY=OLD\n', notForShells: true },
  { name: '$ in single quotes', text: "B='pa$$word'\nKEY=OLD\n" },
  { name: 'a multi-line neighbour', text: 'PEM="-----BEGIN\nabc=\n-----END"\nKEY=OLD\n' },
  { name: 'a multi-line value after it', text: "KEY=OLD\nPEM='one\ntwo'\n" },
  { name: 'JSON in single quotes', text: 'J=\'{"KEY": "x", "a": [1]}\'\nKEY=OLD\n' },
  { name: 'a lower-case namesake', text: 'key=mine\nKey=mine\nKEY=OLD\n' },
  { name: 'longer and shorter names', text: 'MY_KEY=1\nKEY_2=2\nKE=3\nKEY=OLD\n' },
  { name: 'a very long line', text: `LONG=${'x'.repeat(100_000)}\nKEY=OLD\n` },
  { name: 'ten thousand lines', text: `${'# noise\nN=1\n'.repeat(5000)}KEY=OLD\n` },
  { name: 'docker style: a bare name', text: 'HOME\nPATH\nKEY=OLD\n', notForShells: true },
  { name: 'docker style: spaces without quotes', text: 'TITLE=my own desk\nKEY=OLD\n', notForShells: true },
  { name: 'systemd style: a comment with ;', text: '; a comment\nKEY=OLD\n', notForShells: true },
  { name: 'systemd style: a continued line', text: 'OPTS=--a \\\n  --b\nKEY=OLD\n', notForShells: true },
  { name: 'a URL with a query', text: 'U=https://h/p?a=1&b=2\nKEY=OLD\n', notForShells: true },
  { name: 'base64 with padding beside it', text: 'B=YWJjZA==\nKEY=OLD\n' },
  { name: 'a heading', text: '[production]\nKEY=OLD\n', notForShells: true },
  { name: 'YAML style', text: 'A: 1\nKEY: OLD\n', notForShells: true, notForNode: true },
  { name: 'empty quotes to fill', text: 'KEY=""\n' },
  { name: 'nothing to fill', text: 'KEY=\nB=2\n' },
  { name: 'nothing but a comment to fill', text: 'KEY= # to do\nB=2\n' },
  { name: 'missing', text: 'A=1\nB=2\n' },
  { name: 'missing, all others exported', text: 'export A=1\nexport B=2\n' },
  { name: 'only commented out', text: 'A=1\n# KEY=default\nB=2\n' },
  { name: 'an empty file', text: '' },
  { name: 'UTF-8 with a byte-order mark', text: '\uFEFFKEY=OLD\n', refused: ['byte-order-mark', 1] },
  { name: 'a duplicate', text: 'KEY=OLD\nA=1\nKEY=OLD\n', refused: ['duplicate', 1, 3] },
  { name: 'a duplicate, once exported', text: 'export KEY=OLD\nKEY=OLD\n', refused: ['duplicate', 1, 2] },
  { name: 'an unterminated quote', text: 'A=1\nKEY="OLD\nB=2\n', refused: ['unclosed-quote', 2] },
  { name: 'text after the quote', text: 'KEY="OLD"x\n', refused: ['unclosed-quote', 1] },
  { name: 'a multi-line value of its own', text: 'KEY="OLD\nOLD"\n', refused: ['multi-line', 1] },
  { name: 'the value on the next line', text: 'KEY=\n"OLD"\n', refused: ['multi-line', 1] },
  { name: 'swallowed by an open quote', text: 'A="x\nKEY=OLD\nB="\n', refused: ['hidden-in-multi-line', 2] },
];

const textOf = (row: Row) => row.text.replaceAll('OLD', before);

suite('files found in the wild', () => {
  for (const row of rows) {
    test(row.name, () => {
      const text = textOf(row);
      const result = editEnv(text, [{ name: 'KEY', value: now }]);
      if (row.refused) {
        const [reason, ...lines] = row.refused;
        assert.ok('faults' in result);
        assert.deepEqual(
          result.faults.map((fault) => [fault.reason, fault.line]),
          lines.map((line) => [reason, line]),
        );
        return;
      }
      assert.ok('text' in result, JSON.stringify(result));
      if (row.text.includes('OLD')) assert.equal(result.text, row.text.replace('OLD', now));
      // Each reader sees the new value, and everything else as before.
      assert.deepEqual(parse(result.text), { ...parse(text), KEY: now });
      const node = (all: string) => ({ ...parseEnv(all.replaceAll(/\r(?!\n)/g, '\n')) });
      if (!row.notForNode) assert.deepEqual(node(result.text), { ...node(text), KEY: now });
      if (!row.notForShells) {
        const file = join(root, 'x.env');
        writeFileSync(file, result.text);
        const script = '. "$1"; printf %s "$KEY"';
        assert.equal(execFileSync('sh', ['-c', script, 'sh', file], { encoding: 'utf8' }), now);
      }
    });
  }
});

test('there are enough of them, edited and refused', () => {
  const refused = rows.filter((row) => row.refused);
  assert.ok(rows.length - refused.length >= 30 && refused.length >= 7);
  assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length);
});
