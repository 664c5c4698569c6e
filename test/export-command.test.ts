// `gatehouse confluence export`: the library's pages as files from the terminal, recorded, in each format, and what prevents an export.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startChild } from '../demo/child.ts';
import { exportCommand } from '../src/commands/export.ts';
import { readArguments, runCommand } from '../src/commands/terminal.ts';
import { exportPages } from '../src/library/export/export.ts';
import { findBrowser } from '../src/library/export/pdf.ts';
import { libraryStyle } from '../src/wiring/library.ts';
import { place, token } from './support/confluence.ts';

test('the options of an export', () => {
  const read = (line: string) =>
    JSON.stringify(readArguments(exportCommand, line.split(' ').filter(Boolean)));
  const one = '{"wrong":"use either --space KEY or --page-id ID"}';
  const cases: readonly [string, string][] = [
    ['--space DEV', '{"scope":{"space":"DEV"},"format":"html"}'],
    ['--page-id 12 --format pdf', '{"scope":{"page":"12"},"format":"pdf"}'],
    ['--space DEV --format=markdown', '{"scope":{"space":"DEV"},"format":"markdown"}'],
    ['', one],
    ['--space DEV --page-id 12', one],
    ['--space DEV --format exe', '{"wrong":"--format is html, markdown or pdf"}'],
    ['DEV', `{"wrong":"Unexpected argument 'DEV'"}`],
  ];
  for (const [line, expected] of cases) assert.equal(read(line), expected, line);
});

test('the program itself: a space as HTML and Markdown, a page as PDF; recorded, and readable only by the owner', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  const { run, folder } = command(t, here.site.url);
  const early = await run('export', '--space', 'DEV');
  assert.deepEqual(
    [early.how, early.text.includes('there is no space DEV in the library; fetch it with')],
    ['exit code 1', true],
    early.text,
  );
  assert.equal((await run('sync')).how, 'exit code 0');

  const html = await run('export', '--space', 'DEV');
  assert.equal(html.how, 'exit code 0', html.text);
  const exported = join(folder, 'exports', 'DEV');
  const files = readdirSync(exported);
  assert.match(html.text, new RegExp(`${files.length} files in ${exported}`));
  assert.ok(files.includes('index.html') && files.length > 2);
  assert.deepEqual(
    [statSync(exported).mode & 0o777, statSync(join(exported, 'index.html')).mode & 0o777],
    [0o700, 0o600],
  );
  assert.equal((await run('export', '--space', 'DEV', '--format', 'markdown')).how, 'exit code 0');
  assert.ok(readdirSync(exported).some((name) => name.endsWith('.md')));
  const record = readFileSync(join(folder, 'logs/cookie_audit.log'), 'utf8');
  assert.match(record, /"event":"library\.exported"[^\n]*"format":"html"/);

  const [page] = [...here.site.content.pages.values()].filter(({ space }) => space === 'DEV');
  assert.ok(page);
  const pdf = ['export', '--page-id', page.id, '--format', 'pdf'];
  const without = await run(...pdf, 'CHROMIUM_BIN=/nowhere/chromium');
  assert.deepEqual(
    [without.how, /PDF needs Chromium[\s\S]*CHROMIUM_BIN/.test(without.text)],
    ['exit code 1', true],
  );
  if (findBrowser()) {
    assert.equal((await run(...pdf)).how, 'exit code 0');
    const name = readdirSync(exported).find((one) => one.endsWith('.pdf'));
    assert.equal(
      readFileSync(join(exported, name ?? ''))
        .subarray(0, 5)
        .toString(),
      '%PDF-',
    );
  }
  rmSync(join(folder, 'exports'), { recursive: true });
  symlinkSync(tmpdir(), join(folder, 'exports'));
  const linked = await run('export', '--page-id', page.id);
  assert.deepEqual(
    [linked.how, /exports \(EXPORTS_DIR\) is in the way/.test(linked.text)],
    ['exit code 1', true],
  );
  assert.equal((await run('export')).how, 'exit code 2');
  assert.match((await run('export', '--help')).text, /--format/);
});

test('stopped by hand, it ends after the current page and says so; titles cannot control the terminal', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  const [page] = [...here.site.content.pages.values()].filter(({ space }) => space === 'DEV');
  assert.ok(page);
  await here.sync();
  const folder = join(here.dataDir, 'exports');
  const parts = { pages: here.library, url: here.site.url, exportsFolder: folder, style: libraryStyle() };
  const recorder = { write: async () => {}, note() {} };
  let interrupt = () => {};
  const said: string[] = [];
  const code = await runCommand(exportCommand, ['--space', 'DEV'], {
    open: async () => ({
      exportPages: (request) => exportPages(request, { ...parts, recorder }),
      folder,
      async close() {},
    }),
    progress: { show: (done) => void (done === 2 && interrupt()), end() {} },
    out: (line) => void said.push(line),
    err: (line) => void said.push(line),
    onInterrupt(stop) {
      interrupt = stop;
      return () => {};
    },
  });
  assert.deepEqual([code, readdirSync(join(folder, 'DEV')).length], [1, 2]);
  assert.equal(existsSync(join(folder, 'DEV', 'index.html')), false);
  assert.match(said.join('\n'), /^2 files in .*\n.*it was stopped, so pages may be missing/);
  said.length = 0;
  await runCommand(exportCommand, ['--page-id', '\u001b[2J\u202e'], {
    open: async () => ({ exportPages: async () => ({ kind: 'unknown' }), folder, async close() {} }),
    progress: { show() {}, end() {} },
    out: (line) => void said.push(line),
    err: (line) => void said.push(line),
    onInterrupt: () => () => {},
  });
  assert.match(said.join(), /there is no page \?\[2J\? in the library/);
});

/** Runs in a folder of its own; `NAME=value` arguments at the end go into the environment. */
function command(t: TestContext, url: string) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-export-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const secrets = {
    SECRET_KEY: randomBytes(32).toString('hex'),
    GATE_SECRET: randomBytes(24).toString('base64url'),
  };
  async function run(...words: string[]) {
    const more = words.filter((word) => /^[A-Z_]+=/.test(word)).map((word) => word.split('='));
    const child = await startChild({
      name: 'gatehouse',
      command: process.execPath,
      args: [
        resolve(import.meta.dirname, '../src/main.ts'),
        'confluence',
        ...words.filter((word) => !/^[A-Z_]+=/.test(word)),
      ],
      cwd: folder,
      env: {
        NODE_COMPILE_CACHE: join(folder, 'compiled'),
        ...secrets,
        CONFLUENCE_URL: url,
        CONFLUENCE_API_TOKEN: token,
        CONFLUENCE_ALLOW_PRIVATE: 'true',
        DEV_MODE: 'true',
        ...(Object.fromEntries(more) as Record<string, string>),
      },
    });
    const how = await child.exited;
    return { how, text: child.lines.join('\n') };
  }
  return { run, folder };
}
