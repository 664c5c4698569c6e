// Every file and folder that CONTRIBUTING.md names exists.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '..');

test('every path in CONTRIBUTING.md exists', () => {
  const text = readFileSync(resolve(root, 'CONTRIBUTING.md'), 'utf8');
  const paths = [
    ...text.matchAll(/`((?:bench|demo|docs|public|scripts|src|test|views)\/[^`\s]*)[^`]*`/g),
  ].map(([, path]) => path ?? '');
  assert.ok(paths.length > 20);
  assert.deepEqual(
    paths.filter((path) => globSync(path, { cwd: root }).length === 0),
    [],
  );
});
