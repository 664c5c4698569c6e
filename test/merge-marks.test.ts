// Merge conflicts are resolved before they are committed: no file that people or programs read contains conflict markers.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

const marks = /^(?:<{7}|>{7}) /m;

test('no file contains merge conflict markers', () => {
  const files = globSync([
    '*.{md,yml,json,cfg,ts}',
    '.env.example',
    '{docs,src,views,test,demo,scripts,bench,public}/**/*.{md,yml,json,ts,css,js}',
  ]);
  assert.ok(files.length > 500, `${files.length}`);
  assert.deepEqual(
    files.filter((file) => marks.test(readFileSync(file, 'utf8'))),
    [],
  );
});
