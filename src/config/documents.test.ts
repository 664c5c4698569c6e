// The documents on disk are up to date, and `.env.example` is a valid configuration once its secrets are real.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'dotenv';
import { documents, envExample, settingsTable, withReadmeTable } from './documents.ts';
import { loadConfig } from './load.ts';
import { settingNames, settingOf } from './settings.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) =>
  existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;

test('the documents on disk are up to date', () => {
  const readme = read('README.md');
  const made = documents(readme);
  for (const [path, text] of made) assert.ok(read(path) === text, `${path} is stale: run npm run docs`);
  assert.ok(readme === undefined || made.has('README.md'), 'README.md lacks its two settings markers');
});

test('.env.example names every setting once, in narrow lines', () => {
  const text = envExample();
  assert.ok(text.endsWith('\n') && !text.includes('\r') && !/[^\n -~]/.test(text));
  for (const line of text.split('\n')) assert.ok(line.length < 120, line);
  for (const name of settingNames) {
    const lines = text.split('\n').filter((line) => new RegExp(`^(# )?${name}=`).test(line));
    const { example, default: plain = '' } = settingOf(name);
    assert.deepEqual(lines, [example === undefined ? `# ${name}=${plain}` : `${name}=${example}`]);
  }
});

test('.env.example is valid once its secrets are real; until then they are refused by name', () => {
  const values = parse(envExample());
  const refused = loadConfig({ env: values });
  assert.ok('problems' in refused);
  assert.deepEqual(refused.problems.map(({ name }) => name).sort(), ['GATE_SECRET', 'SECRET_KEY']);
  const secrets = {
    SECRET_KEY: '0123456789abcdef'.repeat(4),
    GATE_SECRET: 'Zk3vQ9xT7mB1nL5cR8wE2yU6iO4pA0sD',
  };
  assert.ok('config' in loadConfig({ env: { ...values, ...secrets } }));
});

test('the table has a row for each setting', () => {
  const table = settingsTable();
  for (const name of settingNames) assert.equal(table.split(`| \`${name}\` |`).length, 2, name);
});

test('the README keeps everything outside of its markers', () => {
  const readme = 'before\n<!-- settings:start -->\nstale\n<!-- settings:end -->\nafter\n';
  const made = withReadmeTable(readme) ?? '';
  assert.ok(made.startsWith('before\n<!-- settings:start -->\n| name |') && !made.includes('stale'));
  assert.ok(made.endsWith('\n<!-- settings:end -->\nafter\n'));
  assert.equal(withReadmeTable(made), made);
  assert.equal(withReadmeTable('no markers'), undefined);
  assert.equal(withReadmeTable('<!-- settings:end --> <!-- settings:start -->'), undefined);
});
