// Marks search terms in a text: folding words as the index does, in time linear in the text's length.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMarker, type Piece } from './snippets.ts';

const shown = (pieces: readonly Piece[]) =>
  pieces.map(({ text, hit }) => (hit ? `[${text}]` : text)).join('');
const marker = (phrases: string[][], isOpen = false) => createMarker({ phrases, isOpen });

test('words, prefixes, phrases, accents and case', () => {
  assert.equal(shown(marker([['cafe']]).whole('Café CAFE cafes')), '[Café] [CAFE] cafes');
  assert.equal(shown(marker([['caf']], true).whole('Café')), '[Café]');
  assert.equal(
    shown(marker([['roll', 'out']]).whole('roll, out; out roll; roll out')),
    '[roll, out]; out roll; [roll out]',
  );
  assert.equal(
    shown(marker([['a'], ['a', 'b']]).whole('a b')),
    '[a] b',
    'one stands in another: the first one',
  );
});

test('the snippet shows where the most hits are close together', () => {
  const filler = 'word '.repeat(100);
  const text = `${filler}one ${filler}one two ${filler}`;
  const snippet = shown(marker([['one'], ['two']]).snippet(text));
  assert.match(snippet, /^…word word word word \[one\] \[two\] word/);
  assert.ok(snippet.endsWith('word…') && snippet.split(' ').length === 28, snippet);
  assert.equal(shown(marker([['none']]).snippet('short text.')), 'short text');
});

test('nothing is lost or added, whatever is searched for', () => {
  const word = fc.constantFrom('a', 'b', 'ab', 'á', 'A', '1');
  fc.assert(
    fc.property(
      fc.array(fc.array(word, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.array(fc.oneof(word, fc.constantFrom(' ', '\n', '.', '<b>', '\u0301', '👩‍👧'))),
      (phrases, isOpen, parts) => {
        const text = parts.join('');
        const { whole, snippet } = createMarker({ phrases, isOpen });
        assert.equal(
          whole(text)
            .map((piece) => piece.text)
            .join(''),
          text,
        );
        snippet(text);
      },
    ),
  );
});

test('the numbers of words searched and of hits marked are limited', () => {
  const { whole } = createMarker({ phrases: [['a']], isOpen: false });
  const marked = (text: string) => whole(text).filter(({ hit }) => hit).length;
  assert.equal(marked('a b '.repeat(299)), 299);
  assert.equal(marked('a b '.repeat(400)), 300);
  assert.equal(marked(`${'b '.repeat(59_999)}a a`), 1);
});

test('a million characters of one word', () => {
  const text = 'a '.repeat(500_000);
  const began = performance.now();
  createMarker({ phrases: [['a'], ['a', 'a']], isOpen: true }).snippet(text);
  assert.ok(performance.now() - began < 3000);
});
