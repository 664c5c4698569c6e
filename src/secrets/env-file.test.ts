// Editing .env files as found in practice: only the value changes, and what cannot be edited exactly is refused, with its line number.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'dotenv';
import fc from 'fast-check';
import { type Edit, editEnv } from './env-file.ts';

const edit = (text: string, ...edits: Edit[]) => editEnv(text, edits);

test('one value is replaced, everything else stays', () => {
  const table: [string, string][] = [
    ['K=changeme\n', 'K=new\n'],
    ['K=changeme', 'K=new'],
    ['A=1\r\nK=old\r\nB=2\r\n', 'A=1\r\nK=new\r\nB=2\r\n'],
    ['# top\n\nK=old # why\n# end', '# top\n\nK=new # why\n# end'],
    ['K="old" # why\n', 'K="new" # why\n'],
    ["K='old'\n", "K='new'\n"],
    ['export K=old\n', 'export K=new\n'],
    ['  K = old  \n', '  K = new  \n'],
    ['K: old\n', 'K: new\n'],
    ['K=\n', 'K=new\n'],
    ['K=   \n', 'K=new   \n'],
    ['K=# nothing yet\n', 'K=new # nothing yet\n'],
    ['K= # nothing yet\n', 'K=new # nothing yet\n'],
    ['K=""\n', 'K="new"\n'],
    ['K=a#b\n', 'K=new #b\n'],
    ['K="a#b"\n', 'K="new"\n'],
    ['# K=commented\nK=old\n', '# K=commented\nK=new\n'],
    ["A='it' # isn't\nK=old\nB='x'\n", "A='it' # isn't\nK=new\nB='x'\n"],
    ['A="1\n2"\nK=old\n', 'A="1\n2"\nK=new\n'],
    ['K=old\nKK=old\nK.K=old\n', 'K=new\nKK=old\nK.K=old\n'],
    ['a line that is no entry\nK=old\n', 'a line that is no entry\nK=new\n'],
    ['K=old\rB=2\r', 'K=new\rB=2\r'],
    ['B=ümlaut 🔑\nK=old\n', 'B=ümlaut 🔑\nK=new\n'],
  ];
  for (const [text, expected] of table)
    assert.deepEqual(edit(text, { name: 'K', value: 'new' }), { text: expected }, text);
});

test('a missing key gets a line: below its commented default, below its neighbour, at the end', () => {
  const table: [string, string][] = [
    ['', 'K=new\n'],
    ['\n', '\nK=new\n'],
    ['A=1\n', 'A=1\nK=new\n'],
    ['A=1', 'A=1\nK=new'],
    ['A=1\r\nB=2', 'A=1\r\nB=2\r\nK=new'],
    ['# K=default\nA=1\n', '# K=default\nK=new\nA=1\n'],
    ['N=1\nA=1\n', 'N=1\nK=new\nA=1\n'],
    ['N="1\n# K=\n2"\nA=1\n', 'N="1\n# K=\n2"\nK=new\nA=1\n'],
    ['A=1\nN=2', 'A=1\nN=2\nK=new'],
    ['export N=1\nexport B=2\n', 'export N=1\nexport K=new\nexport B=2\n'],
    ['# only a comment', '# only a comment\nK=new'],
  ];
  for (const [text, expected] of table) {
    assert.deepEqual(edit(text, { name: 'K', value: 'new', after: 'N' }), { text: expected }, text);
  }
});

test('several edits at once', () => {
  const edits: Edit[] = [
    { name: 'A', value: '1' },
    { name: 'B', value: '2', after: 'A' },
    { name: 'C', value: '3' },
    { name: 'D', value: '4' },
  ];
  assert.deepEqual(editEnv('A=x\nC=y\n', edits), { text: 'A=1\nB=2\nC=3\nD=4\n' });
  assert.deepEqual(editEnv('A=x', []), { text: 'A=x' });
});

test('a value is quoted if necessary', () => {
  const table: [string, string, string][] = [
    ['K=\n', 'a#b', "K='a#b'\n"],
    ['K="x"\n', 'a$b', "K='a$b'\n"],
    ['K="x"\n', 'a b', 'K="a b"\n'],
    ["K='x'\n", "it's", 'K="it\'s"\n'],
    ['K=\n', 'a,b', 'K=a,b\n'],
    ['K=\n', 'a\\nb', "K='a\\nb'\n"],
  ];
  for (const [text, value, expected] of table)
    assert.deepEqual(edit(text, { name: 'K', value }), { text: expected });
});

test('refusals, with their lines', () => {
  const table: [string, string, number[]][] = [
    ['\uFEFFK=old\n', 'byte-order-mark', [1]],
    ['K=a\nB=1\nK=b\n', 'duplicate', [1, 3]],
    ['A=1\nK="old\n', 'unclosed-quote', [2]],
    ["K='old' more\n", 'unclosed-quote', [1]],
    ['A=1\nK="one\ntwo"\n', 'multi-line', [2]],
    ['K=\n"x"\n', 'multi-line', [1]],
    ['K:\nA=1\n', 'multi-line', [1]],
    ['A="open\nK=old\nB="\n', 'hidden-in-multi-line', [2]],
  ];
  for (const [text, reason, lines] of table) {
    const result = edit(text, { name: 'K', value: 'new' });
    assert.ok('faults' in result, text);
    assert.deepEqual(
      result.faults.map((fault) => [fault.reason, fault.line]),
      lines.map((line) => [reason, line]),
    );
  }
  const both = edit('K=old\n', { name: 'K', value: 'both \' and "' });
  assert.ok('faults' in both && both.faults[0]?.reason === 'not-quotable');
  const swallowed = edit('A:', { name: 'K', value: 'new' });
  assert.ok(
    'faults' in swallowed && swallowed.faults[0]?.reason === 'not-editable',
    'dotenv would read the new line as A',
  );
  // A key without a line yet is reported at the first one.
  const below = edit('# note\nB=1\nA:', { name: 'K', value: 'new' });
  assert.deepEqual('faults' in below && below.faults, [{ line: 1, name: 'K', reason: 'not-editable' }]);
});

test('faults on lines that need no edit are ignored', () => {
  assert.deepEqual(edit('A=1\nA=2\nB="open\nK=old\n', { name: 'K', value: 'new' }), {
    text: 'A=1\nA=2\nB="open\nK=new\n',
  });
});

const key = fc.constantFrom('K', 'L', 'M', 'OTHER', 'K_2', 'a.b', '__proto__');
const eol = fc.constantFrom('\n', '\r\n');
const plainValue = fc.stringMatching(/^[\w.,:@%+/=~-]{0,12}$/);
const blanks = fc.constantFrom('', ' ', '  ', '\t');
const tail = fc.constantFrom('', ' # note', "  # isn't it", ' #"');
const sane = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('', 'export ', ' '),
      key,
      blanks,
      plainValue,
      fc.constantFrom('', '"', "'", '`'),
      tail,
    )
    .map(
      ([prefix, name, gap, value, mark, end]) => `${prefix}${name}${gap}=${gap}${mark}${value}${mark}${end}`,
    ),
  fc.constantFrom('', '# a comment', '#K=x', '# L=default', '   ', 'no entry here'),
);
const wild = fc.oneof(
  sane,
  fc.stringMatching(/^[\w #'"`=:.$\\-]{0,20}$/),
  fc.constantFrom(
    'A="one',
    'two"',
    "B='",
    'K',
    'K:',
    'export',
    '= x',
    'K\n=1',
    '\u2028K=1',
    'K="\\"',
    "K='\\'",
    '\uFEFF',
    '\r',
  ),
);
const file = (line: fc.Arbitrary<string>) =>
  fc
    .tuple(fc.array(line, { maxLength: 8 }), eol, fc.boolean())
    .map(([lines, end, last]) => lines.join(end) + (last ? end : ''));
const newValue = fc.oneof(plainValue, fc.stringMatching(/^[!-~ ]{0,12}$/));
const edits = fc.uniqueArray(
  fc.record({ name: fc.constantFrom('K', 'L', 'M', 'NEW'), value: newValue, after: key }),
  { selector: ({ name }) => name, minLength: 1 },
);

test('property: dotenv reads the edited keys as new and all others as before; other lines keep every byte', () => {
  let edited = 0;
  fc.assert(
    fc.property(file(wild), edits, (text, wanted) => {
      const result = editEnv(text, wanted);
      if ('faults' in result)
        return assert.ok(result.faults.every(({ line }) => line >= 1 && line <= text.split('\n').length + 9));
      edited++;
      const values = Object.fromEntries(wanted.map(({ name, value }) => [name, value]));
      assert.deepEqual(parse(result.text), { ...parse(text), ...values });
      // A last line without a line ending gets one when a line is added after it.
      const lines = (all: string) => all.split(/(?<=\n|\r(?!\n))/).filter((line) => line !== '');
      const own = (line: string) => /^\s*(export\s+)?(K|L|M|NEW)\s*[=:]/.test(line);
      const untouched = (all: string) => lines(all).filter((line) => !own(line));
      if (/[\r\n]$/.test(text)) assert.deepEqual(untouched(result.text), untouched(text));
      else assert.equal(untouched(result.text).join('').trimEnd(), untouched(text).join('').trimEnd());
      if (text !== '') assert.equal(/[\r\n]$/.test(result.text), /[\r\n]$/.test(text));
      if (!text.includes('\r')) assert.ok(!result.text.includes('\r'));
    }),
    { numRuns: 20_000 },
  );
  assert.ok(edited > 5000, `only ${edited} files were edited`);
});

test('property: an ordinary file without duplicates is never refused', () => {
  fc.assert(
    fc.property(file(sane), plainValue, (text, value) => {
      const isTwice = (text.match(/^\s*(?:export )?K\s*=/gm) ?? []).length > 1;
      fc.pre(!isTwice && !/=\s*(\r?\n\s*)+["'`]/.test(text));
      const result = editEnv(text, [{ name: 'K', value }]);
      assert.ok('text' in result, JSON.stringify(result));
    }),
    { numRuns: 5000 },
  );
});
