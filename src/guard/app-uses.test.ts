// Which apps a session used, from its row's data as any process may have left it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appUses } from './app-uses.ts';

test('the last use of each app, the latest first; everything else in the row is left out', () => {
  const found = appUses({
    csrfSecret: 'secret',
    'use:wiki': 1000,
    'use:grafana': 3000,
    'in:grafana': 500,
    'app:grafana:abc': { at: 4000 },
    'use:mail': 2000,
  });
  assert.deepEqual(
    [...found],
    [
      ['grafana', 3000],
      ['mail', 2000],
      ['wiki', 1000],
    ],
  );
});

test('entries in another form are left out', () => {
  const wrong = [undefined, null, '3000', Number.NaN, Number.POSITIVE_INFINITY, {}, true];
  for (const at of wrong) assert.equal(appUses({ 'use:wiki': at }).size, 0, JSON.stringify(at));
  for (const name of ['', 'Wiki', 'a b', 'x'.repeat(33), '<b>'])
    assert.equal(appUses({ [`use:${name}`]: 1 }).size, 0, name);
  assert.deepEqual([...appUses({})], []);
});
