// `gatehouse confluence …`: accepted arguments, output, and exit codes.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startChild } from '../demo/child.ts';
import { confluenceCommand } from '../src/commands/confluence.ts';
import { lineOf } from '../src/commands/progress-line.ts';
import { readArguments, runCommand } from '../src/commands/terminal.ts';
import { type Place, place, token } from './support/confluence.ts';

test('the options of a sync', () => {
  const scope = (line: string) => {
    const read = readArguments(confluenceCommand, ['sync', ...line.split(' ').filter(Boolean)]);
    return 'wrong' in read ? read.wrong : read.task === 'sync' ? JSON.stringify(read.scope) : '';
  };
  const cases: readonly [string, string][] = [
    ['', '{"of":{"what":"everything"}}'],
    ['--days 7 --anew', '{"of":{"what":"everything"},"days":7,"anew":true}'],
    ['--space DEV --space ~ada', '{"of":{"what":"spaces","keys":["DEV","~ada"]}}'],
    ['--page-id 12', '{"of":{"what":"page","id":"12","children":true}}'],
    ['--page-id 12 --no-children', '{"of":{"what":"page","id":"12","children":false}}'],
    ['--page-title Home --space DEV', '{"of":{"what":"title","space":"DEV","title":"Home","children":true}}'],
    ['--page-title Home', '--page-title needs exactly one --space KEY'],
    ['--page-title Home --space A --space B', '--page-title needs exactly one --space KEY'],
    ['--page-id 12 --space DEV', '--page-id cannot be combined with --space or --page-title'],
    ['--page-id ../x', '--page-id takes the page’s number'],
    ['--page-id 12 --days 2', '--days goes with spaces, not with a page'],
    ['--no-children', '--no-children goes with --page-id or --page-title'],
    ['--days 0', '--days takes a number from 1 to 9999'],
    ['--days 1.5', '--days takes a number from 1 to 9999'],
    ['--wrong', "Unknown option '--wrong'"],
    ['DEV', "Unexpected argument 'DEV'"],
  ];
  for (const [line, expected] of cases) assert.equal(scope(line), expected, line);
});

/** Runs the command in this process, with or without a terminal. */
async function run(here: Place | undefined, args: string[], isTerminal = false) {
  const said: string[] = [];
  const screen: string[] = [];
  const code = await runCommand(confluenceCommand, args, {
    open: async () => (here ? { confluence: here.confluence, async close() {} } : { missing: true }),
    now: () => screen.length * 10_000,
    screen: { isTerminal, columns: 80, write: (text) => void screen.push(text) },
    out: (line) => void said.push(line),
    err: (line) => void said.push(`! ${line}`),
    onInterrupt: () => () => {},
  });
  return { code, text: said.join('\n'), screen: screen.join('') };
}

test('a sync reports its result; progress is a bar on a terminal and lines elsewhere', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  const first = await run(here, ['sync'], true);
  assert.equal(first.code, 0);
  assert.match(first.text, /^Done: 41 pages seen/);
  assert.match(
    first.text,
    /new {8}41\n {2}updated {4}0\n {2}moved {6}0\n {2}unchanged {2}0\n {2}removed {4}0/,
  );
  assert.match(first.screen.replaceAll('\u001b', 'ESC'), /\r\[#+\.*\] \d+% \d+ of 41 pagesESC\[K/);
  assert.ok(first.screen.endsWith('\r\u001b[K'));
  const [changed] = here.site.content.pages.keys();
  here.site.content.edit(changed ?? '', { body: '<p>x</p>' });
  const second = await run(here, ['sync', '--space', 'DEV']);
  assert.match(second.text, /updated {4}1/);
  assert.ok(!second.screen.includes('\r') && !second.screen.includes('\u001b'));
  const json = JSON.parse((await run(here, ['sync', '--json'])).text) as Record<string, unknown>;
  assert.deepEqual([json['state'], json['unchanged'], json['resumed']], ['done', 41, false]);
});

test('failures are listed without terminal control characters, and set the exit code', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  const [page] = here.site.content.pages.values();
  assert.ok(page);
  page.title = '\u001b[2Jevil\u202e';
  here.site.trouble = (path) => (path.endsWith(`/content/${page.id}`) ? { status: 500 } : undefined);
  const failed = await run(here, ['sync']);
  assert.equal(failed.code, 1);
  assert.match(failed.text, / {4}\?\[2Jevil\?: Confluence answered with errors\./);
  page.title = '\u009b2Jevil\u202e\u{e0041}';
  const json = (await run(here, ['sync', '--json', '--anew'])).text;
  assert.ok(!/[\u009b\u202e\u{e0041}]/u.test(json), 'it steers the terminal');
  const { failures } = JSON.parse(json) as { failures: { title: string }[] };
  assert.equal(failures[0]?.title, page.title);
  here.site.trouble = () => ({ status: 401 });
  const paused = await run(here, ['sync']);
  assert.equal(paused.code, 1);
  assert.match(
    paused.text,
    /^Paused.*\n[\s\S]*! gatehouse confluence: Confluence refused the cookies or the token\. Renew the cookies/,
  );
  const status = await run(here, ['status']);
  assert.deepEqual(
    [status.code, /Last sync {4}paused[\s\S]*Credentials {2}Confluence refused/.test(status.text)],
    [1, true],
  );
  assert.doesNotMatch(paused.text + status.text, new RegExp(token));
});

test('wrong arguments, and no address', async () => {
  assert.deepEqual((await run(undefined, ['sink'])).code, 2);
  assert.match((await run(undefined, [])).text, /say sync, status or export/);
  assert.equal((await run(undefined, ['--help'])).code, 0);
  assert.deepEqual([(await run(undefined, ['status'])).code, (await run(undefined, ['sync'])).code], [2, 2]);
});

test('the progress bar', () => {
  const bar = (done: number, total: number) =>
    lineOf({ state: 'fetching', space: '', listed: 0, done, total });
  assert.equal(bar(1, 2), `[${'#'.repeat(15)}${'.'.repeat(15)}] 50% 1 of 2 pages`);
  assert.equal(bar(0, 0), `[${'#'.repeat(30)}] 100% 0 of 0 pages`);
  assert.equal(
    lineOf({ state: 'listing', space: 'X', listed: 12, done: 0, total: 0 }),
    'Listing what there is: 12 pages',
  );
});

test('the program itself: syncs and reports the status', async (t) => {
  const here = await place(t, { kind: 'data-center' });
  const run = command(t, here.site.url);
  const first = await run('sync');
  assert.deepEqual([first.how, /new {8}41/.test(first.text)], ['exit code 0', true], first.text);
  const status = await run('status');
  assert.match(
    status.text,
    /Library {6}41 pages, \d+ attachments\nLast sync {4}done[\s\S]*accepted: Confluence knows us as Ada Lovelace/,
  );
  assert.equal((await run('sync', '--days', 'x')).how, 'exit code 2');
});

function command(t: TestContext, url: string) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-confluence-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return async (...args: string[]) => {
    const child = await startChild({
      name: 'gatehouse',
      command: process.execPath,
      args: [resolve(import.meta.dirname, '../src/main.ts'), 'confluence', ...args],
      cwd: folder,
      env: {
        NODE_COMPILE_CACHE: join(folder, 'compiled'),
        SECRET_KEY: randomBytes(32).toString('hex'),
        GATE_SECRET: randomBytes(24).toString('base64url'),
        CONFLUENCE_URL: url,
        CONFLUENCE_API_TOKEN: token,
        CONFLUENCE_ALLOW_PRIVATE: 'true',
        DEV_MODE: 'true',
      },
    });
    const how = await child.exited;
    return { how, text: child.lines.join('\n') };
  };
}
