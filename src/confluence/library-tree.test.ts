import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { preorder } from './library-tree.ts';

const row = (id: string, parent: string | null) => ({ id, parent, title: id, position: 0 });

test('top to bottom, each with its depth and number of descendants', () => {
  const rows = [
    row('a', null),
    row('b', 'a'),
    row('c', null),
    row('d', 'a'),
    row('e', 'b'),
    row('f', 'elsewhere'),
  ];
  assert.deepEqual(
    preorder(rows).map(({ id, depth, children }) => `${id}${depth}${children}`),
    ['a02', 'b11', 'e20', 'd10', 'c00', 'f00'],
  );
});

test('whatever the parents, every page appears once', () => {
  const ids = fc.constantFrom(...'abcdefgh');
  const someRows = fc.uniqueArray(fc.tuple(ids, fc.option(ids)), { selector: ([id]) => id });
  fc.assert(
    fc.property(someRows, (pairs) => {
      const rows = pairs.map(([id, parent]) => row(id, parent));
      const ordered = preorder(rows);
      assert.deepEqual(ordered.map(({ id }) => id).toSorted(), rows.map(({ id }) => id).toSorted());
      for (const [i, { depth }] of ordered.entries()) assert.ok(depth <= (ordered[i - 1]?.depth ?? -1) + 1);
    }),
  );
});

test('a chain of a hundred thousand pages is handled', () => {
  const rows = Array.from({ length: 100_000 }, (_, i) => row(String(i), i === 0 ? null : String(i - 1)));
  assert.equal(preorder(rows).at(-1)?.depth, 99_999);
});
