// docs/guard.md: its examples are valid, and it leaves out no field, reason or preset.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readApps } from './apps-document.ts';
import { guardDocument } from './documents.ts';
import { presets } from './presets.ts';

const root = join(import.meta.dirname, '..', '..');
const page = readFileSync(join(root, 'docs/guard.md'), 'utf8');
const rows = (heading: string) => {
  const section = page.slice(page.indexOf(heading)).split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \|/gm)].flatMap(([, names = '']) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );
};

test('every example of an apps file is valid', () => {
  const blocks = [...page.matchAll(/^( *)```yaml\n([\s\S]*?)```/gm)]
    .map(([, indent = '', text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''))
    .filter((text) => /^(?:apps|groups):/.test(text));
  const readme = /`(apps: \{.*\})`/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? '';
  assert.equal(blocks.length, 2);
  for (const text of [...blocks, readme]) {
    const read = readApps(text, 'https://desk.example.org');
    assert.ok('apps' in read && read.apps.apps.size === 1, JSON.stringify(read));
  }
});

test('every field of an app and every reason has a row', () => {
  const fields = /const keys = \[(.*?)\]/s.exec(
    readFileSync(join(root, 'src/guard/app-document.ts'), 'utf8'),
  );
  const named = [...(fields?.[1] ?? '').matchAll(/'([\w-]+)'/g)].map(([, name]) => name);
  assert.deepEqual(rows('## The apps file').sort(), ['groups', ...named, ...presets.keys()].sort());
  const contract = readFileSync(join(root, 'src/guard/contract.ts'), 'utf8');
  const reasons = [...contract.slice(contract.indexOf('type GuardReason')).matchAll(/\| '([\w-]+)'/g)].map(
    ([, name]) => name,
  );
  assert.ok(reasons.length > 10);
  assert.deepEqual(rows('## What a refusal means').sort(), reasons.sort());
});

test('a page without the two markers is left alone', () => {
  assert.deepEqual(guardDocument('no table'), []);
  assert.deepEqual(guardDocument(), []);
});
