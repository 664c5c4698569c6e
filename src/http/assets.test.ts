// The stylesheet: many files in `public/`, a single one for browsers.
import assert from 'node:assert/strict';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import type { Request, Response } from 'express';
import { type Assets, loadAssets } from './assets.ts';

function served(assets: Assets, name: string): string {
  let text = '';
  const res = { setHeader() {}, end: (body: Buffer) => (text = body.toString()) };
  assets.serve(
    { method: 'GET', path: assets.path(name) } as Request,
    res as unknown as Response,
    assert.fail,
  );
  return text;
}

test('browsers get every part of the style sheet in one file, each once', () => {
  const folder = resolve(import.meta.dirname, '../../public');
  const css = served(loadAssets(folder), 'gatehouse.css');
  assert.doesNotMatch(css, /@import/);
  const parts = globSync('gatehouse/**/*.css', { cwd: folder });
  assert.ok(parts.length > 10);
  for (const part of parts) assert.equal(css.split(readFileSync(join(folder, part), 'utf8')).length, 2, part);
});

test('a changed part gives the style sheet another address; a wrong import is refused at the start', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-assets-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'parts'));
  const part = join(folder, 'parts/a.css');
  writeFileSync(part, 'p {\n}\n');
  writeFileSync(join(folder, 'all.css'), '@layer x;\n@import "parts/a.css" layer(x);\nq {\n}\n');
  const before = loadAssets(folder);
  assert.equal(served(before, 'all.css'), '@layer x;\n@layer x {\np {\n}\n}\nq {\n}\n');
  writeFileSync(part, 'p {\n  margin: 0;\n}\n');
  assert.notEqual(loadAssets(folder).path('all.css'), before.path('all.css'));
  writeFileSync(join(folder, 'all.css'), '@import url("parts/a.css");\n');
  assert.throws(() => loadAssets(folder), /all\.css holds an @import/);
  writeFileSync(join(folder, 'all.css'), '@import "parts/missing.css" layer(x);\n');
  assert.throws(() => loadAssets(folder), /ENOENT/);
});
