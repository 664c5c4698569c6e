// The apps file on disk: every change counts at once, a mistake keeps the former rules, and no writer's change is lost.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import builtin, * as fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createAppsFile } from './apps-file.ts';
import type { Apps } from './contract.ts';

const root = fs.mkdtempSync(join(tmpdir(), 'gatehouse-apps-'));
after(() => fs.rmSync(root, { recursive: true, force: true }));

const deskOrigin = 'https://desk.example.org';
const app = (name: string, who = 'everyone') =>
  `  ${name}:\n    url: https://${name}.example.org\n    who: [${who}] # of ${name}\n`;
const two = `# ours\napps:\n${app('one')}${app('two')}`;

interface Line {
  readonly event: string;
  readonly faults?: readonly { readonly message: string }[];
}

function place(text?: string): string {
  const path = join(fs.mkdtempSync(join(root, 'case-')), 'apps.yaml');
  if (text !== undefined) fs.writeFileSync(path, text);
  return path;
}

/** @param now by default long after every change of the file */
function opened(path: string, now = () => Date.now() + 60_000) {
  const errors: Line[] = [];
  const changes: string[][] = [];
  const logger = { error: (line: Line) => void errors.push(line), info: () => undefined };
  const onChange = (apps: Apps) => void changes.push([...apps.apps.keys()]);
  const file = createAppsFile({
    path,
    deskOrigin,
    logger: logger as never,
    now,
    lockWaitMs: 20_000,
    onChange,
  });
  return { file, errors, changes, names: () => [...file.current().apps.keys()] };
}

test('no file at the start: no apps, and no fault', () => {
  const { file, errors, names } = opened(place());
  assert.deepEqual([names(), file.state(), errors], [[], { faults: [], readAt: undefined }, []]);
});

test('a change by hand counts on the very next call', () => {
  const path = place(two);
  const { names, changes, errors } = opened(path);
  assert.deepEqual(names(), ['one', 'two']);
  fs.writeFileSync(path, `apps:\n${app('three')}`);
  assert.deepEqual(names(), ['three']);
  fs.writeFileSync(`${path}.new`, `apps:\n${app('four')}`);
  fs.renameSync(`${path}.new`, path);
  assert.deepEqual(names(), ['four']);
  fs.rmSync(path);
  fs.writeFileSync(`${path}.other`, 'apps: {}\n');
  fs.symlinkSync('apps.yaml.other', path);
  assert.deepEqual([names(), changes, errors], [[], [['three'], ['four'], []], []]);
});

test('a file that appears is read, without a word about its absence before', () => {
  const path = place();
  const { names, errors } = opened(path);
  fs.writeFileSync(path, two);
  assert.deepEqual([names(), errors], [['one', 'two'], []]);
});

/** Runs `work` while the program calls these functions of the file system instead of the real ones. */
function withCalls(
  calls: Partial<Record<'statSync' | 'lstatSync' | 'openSync', () => unknown>>,
  work: () => void,
): void {
  const real = Object.fromEntries(Object.keys(calls).map((name) => [name, Reflect.get(builtin, name)]));
  Object.assign(builtin, calls);
  syncBuiltinESMExports();
  try {
    work();
  } finally {
    Object.assign(builtin, real);
    syncBuiltinESMExports();
  }
}

/** While `stat` answers as it did at the begin: as if the clock of the disk stood still. */
function withFrozenStat(path: string, work: () => void): void {
  const frozen = fs.statSync(path, { bigint: true });
  withCalls({ statSync: () => frozen }, work);
}

test('a change within one time stamp of the disk is seen: a file that changed just now is read each time', () => {
  const path = place(`apps:\n${app('one')}`);
  let at = fs.statSync(path).ctimeMs;
  withFrozenStat(path, () => {
    const { names } = opened(path, () => at);
    assert.deepEqual(names(), ['one']);
    at += 1999;
    fs.writeFileSync(path, `apps:\n${app('two')}`);
    assert.deepEqual(names(), ['two']);
    at += 1000;
    assert.deepEqual(names(), ['two']);
    fs.writeFileSync(path, `apps:\n${app('six')}`);
    // Nothing shows this change, and nothing real changes without it: from here on, one `stat` is enough.
    assert.deepEqual(names(), ['two']);
  });
});

test('a clock that is behind the disk makes it read more, never less', () => {
  const path = place(`apps:\n${app('one')}`);
  withFrozenStat(path, () => {
    const { names } = opened(path, () => 0);
    assert.deepEqual(names(), ['one']);
    fs.writeFileSync(path, `apps:\n${app('two')}`);
    assert.deepEqual(names(), ['two']);
  });
});

test('a mistake keeps the former rules, and is logged once for each text', () => {
  const path = place(two);
  const { file, names, errors, changes } = opened(path);
  const before = file.state();
  const broken = two.replace('https://two', 'http://two');
  fs.writeFileSync(path, broken);
  for (let i = 0; i < 3; i++) assert.deepEqual(names(), ['one', 'two']);
  const message = '`url` of `two` must begin with `https://`; `http://` is only for `localhost`.';
  assert.deepEqual(file.state(), { faults: [{ line: 7, message }], readAt: before.readAt });
  assert.deepEqual(errors, [
    { event: 'guard.apps_invalid', path, rules: 'the former ones', faults: [{ line: 7, message }] },
  ]);
  fs.writeFileSync(path, broken);
  assert.deepEqual([names(), errors.length], [['one', 'two'], 1]);
  fs.writeFileSync(path, `${broken}x\n`);
  assert.deepEqual([names(), errors.length], [['one', 'two'], 2]);
  fs.writeFileSync(path, two);
  assert.deepEqual([names(), file.state().faults, changes], [['one', 'two'], [], []]);
});

test('a mistake at the start: no apps, said at once', () => {
  const path = place('apps:\n  x: {}\n');
  const { file, names, errors } = opened(path);
  assert.deepEqual(
    errors.map(({ event }) => event),
    ['guard.apps_invalid'],
  );
  assert.deepEqual([names(), file.state().readAt], [[], undefined]);
});

test('a file that vanishes keeps the former rules, and says so', () => {
  const path = place(two);
  const { file, names, errors, changes } = opened(path);
  fs.renameSync(path, `${path}.away`);
  for (let i = 0; i < 3; i++) assert.deepEqual(names(), ['one', 'two']);
  assert.deepEqual(
    errors.map(({ event }) => event),
    ['guard.apps_invalid'],
  );
  assert.match(file.state().faults[0]?.message ?? '', /^The file is gone\. /);
  fs.renameSync(`${path}.away`, path);
  assert.deepEqual([names(), file.state().faults, changes], [['one', 'two'], [], []]);
});

test('a file that was emptied, or of which only the begin is written, keeps the former rules', () => {
  const path = place(two);
  let at = Date.now() + 60_000;
  const { names, changes, errors } = opened(path, () => at);
  const next = `apps:\n${app('one')}${app('two')}${app('three')}`;
  for (let end = 0; end < next.length; end++) {
    fs.writeFileSync(path, next.slice(0, end));
    at = fs.statSync(path).ctimeMs + 999;
    if (next[end - 1] === '\n') continue;
    assert.deepEqual(names(), ['one', 'two'], JSON.stringify(next.slice(0, end)));
  }
  fs.writeFileSync(path, '');
  at = Date.now() + 60_000;
  assert.deepEqual([names(), changes, errors.length], [['one', 'two'], [], 1]);
  fs.writeFileSync(path, next);
  assert.deepEqual(names(), ['one', 'two', 'three']);
});

test('half a line is not taken for a rule, unless nobody goes on writing', () => {
  const path = place(two);
  let at = Date.now() + 60_000;
  const { file } = opened(path, () => at);
  const isOpen = () => file.current().apps.get('two')?.publicPaths ?? [];
  fs.writeFileSync(path, `${two}    public:\n      - /`);
  at = fs.statSync(path).ctimeMs + 999;
  assert.deepEqual(isOpen(), []);
  fs.writeFileSync(path, `${two}    public:\n      - /api/health`);
  at = fs.statSync(path).ctimeMs + 999;
  assert.deepEqual(isOpen(), []);
  at += 2;
  assert.deepEqual(isOpen(), [{ kind: 'exact', path: '/api/health' }]);
});

test('whatever stands in its place, current answers with the rules in force', () => {
  const path = place(two);
  const { file, names, errors } = opened(path);
  const puts: readonly (() => void)[] = [
    () => fs.mkdirSync(path),
    () => fs.symlinkSync('apps.yaml', path),
    () => fs.symlinkSync('nothing.yaml', path),
    () => fs.writeFileSync(path, Buffer.from([0x61, 0xff, 0x0a])),
    () => fs.writeFileSync(path, `#${'x'.repeat(1024 * 1024)}\n`),
    () => fs.writeFileSync(path, `apps: ${'['.repeat(100_000)}\n`),
    () => execFileSync('/usr/bin/env', ['mkfifo', path]),
  ];
  for (const put of puts) {
    fs.rmSync(path, { recursive: true, force: true });
    fs.writeFileSync(path, two);
    names();
    fs.rmSync(path);
    put();
    errors.length = 0;
    assert.deepEqual(
      [names(), names()],
      [
        ['one', 'two'],
        ['one', 'two'],
      ],
    );
    assert.equal(errors.length, 1, put.toString());
    assert.ok(file.state().faults.length > 0);
  }
});

test('an error that nobody expected keeps the rules, is said once, and goes away', () => {
  const path = place(two);
  const { file, names, errors } = opened(path);
  fs.writeFileSync(path, `apps:\n${app('three')}`);
  const lstatSync = () => {
    throw new Error('never seen before');
  };
  withCalls({ lstatSync }, () => {
    assert.doesNotThrow(() => file.current());
    assert.deepEqual([names(), names(), errors.length], [['one', 'two'], ['one', 'two'], 1]);
    assert.deepEqual(file.state().faults, [{ message: 'The file cannot be read: never seen before' }]);
  });
  assert.deepEqual([names(), file.state().faults], [['three'], []]);
});

test('a passing fault does not outlive itself, although the file stays the same', () => {
  const path = place(two);
  const { file, names } = opened(path);
  fs.writeFileSync(path, `apps:\n${app('three')}`);
  const openSync = () => {
    throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
  };
  withCalls({ openSync }, () => {
    assert.deepEqual(names(), ['one', 'two']);
    assert.match(file.state().faults[0]?.message ?? '', /^Too many files are open\. /);
  });
  assert.deepEqual([names(), file.state().faults], [['three'], []]);
});

test('a listener that throws changes nothing', () => {
  const path = place(two);
  const errors: Line[] = [];
  const logger = { error: (line: Line) => void errors.push(line), info: () => undefined };
  const onChange = () => {
    throw new Error('listener');
  };
  const file = createAppsFile({ path, deskOrigin, logger: logger as never, onChange });
  fs.writeFileSync(path, `apps:\n${app('three')}`);
  assert.deepEqual([...file.current().apps.keys()], ['three']);
  assert.deepEqual([file.state().faults, errors.map(({ event }) => event)], [[], ['guard.apps_listener']]);
});

test('a change keeps comments, order and form', async () => {
  const text = [
    '# ours',
    '',
    'groups:',
    '  family: [wim@example.org] # home',
    '',
    '# about the apps',
    'apps:',
    '  # the charts',
    '  one:',
    '    url: https://one.example.org',
    "    name: 'One: first'",
    '    who: [everyone]',
    '',
    '  2048:',
    '    url: https://game.example.org # fun',
    '    who:',
    '      - family',
    '      # until she moves',
    '      - ada@example.org',
    '',
    '# the end',
    '',
  ].join('\n');
  const path = place(text);
  const { file } = opened(path);
  const done = await file.change((document, { apps }) => {
    assert.deepEqual([...apps.keys()], ['one', '2048']);
    document.setIn(['apps', '2048', 'key'], 2);
    document.setIn(['apps', 'one', 'who'], ['family', { person: 'x@example.org', until: '2026-12-31' }]);
    return { isChanged: true, value: 'done' };
  });
  assert.deepEqual(done, { value: 'done' });
  const lines = text.split('\n');
  const who = ['    who:', '      - family', '      - person: x@example.org', '        until: 2026-12-31'];
  const expected = [...lines.slice(0, 11), ...who, ...lines.slice(12, 19), '    key: 2', ...lines.slice(19)];
  // A key that looks like a number is put in quotes.
  assert.equal(fs.readFileSync(path, 'utf8'), expected.join('\n').replace('  2048:', '  "2048":'));
  assert.equal(file.current().apps.get('2048')?.keyVersion, 2);
});

test('a change keeps line endings of Windows, and lists that are not indented', async () => {
  const path = place('apps:\r\n  one:\r\n    url: https://one.example.org\r\n    who:\r\n    - everyone\r\n');
  const { file } = opened(path);
  await file.change((document) => {
    document.setIn(['apps', 'one', 'key'], 3);
    return { isChanged: true, value: undefined };
  });
  assert.equal(
    fs.readFileSync(path, 'utf8'),
    'apps:\r\n  one:\r\n    url: https://one.example.org\r\n    who:\r\n    - everyone\r\n    key: 3\r\n',
  );
});

test('a change makes a file that is not there, in a form for people', async () => {
  const path = place();
  const { file, names } = opened(path);
  const done = await file.change((document) => {
    document.setIn(['groups', 'family'], ['wim@example.org']);
    document.setIn(['apps', 'one'], { url: 'https://one.example.org', who: ['family'] });
    return { isChanged: true, value: 1 };
  });
  assert.deepEqual([done, names()], [{ value: 1 }, ['one']]);
  assert.match(
    fs.readFileSync(path, 'utf8'),
    /^# .+\n\ngroups:\n {2}family:\n {4}- wim@example\.org\napps:\n {2}one:\n {4}url: https:\/\/one\.example\.org\n {4}who:\n {6}- family\n$/,
  );
});

test('what would be a mistake is not written, nor is anything over a mistake', async () => {
  const path = place(two);
  const { file, names } = opened(path);
  const bad = await file.change((document) => {
    document.setIn(['apps', 'two', 'who'], ['strangers']);
    return { isChanged: true, value: 1 };
  });
  assert.ok('faults' in bad);
  assert.match(bad.faults[0]?.message ?? '', /`strangers`/);
  assert.equal(fs.readFileSync(path, 'utf8'), two);
  fs.writeFileSync(path, `${two}x\n`);
  const over = await file.change(() => assert.fail('not asked'));
  assert.ok('faults' in over && over.faults[0]?.line === 9, JSON.stringify(over));
  assert.deepEqual([names(), fs.readFileSync(path, 'utf8')], [['one', 'two'], `${two}x\n`]);
});

test('a change does not begin a new file while the rules of a vanished one are in force', async () => {
  const path = place(two);
  const { file, names } = opened(path);
  fs.rmSync(path);
  const done = await file.change(() => assert.fail('not asked'));
  assert.ok('faults' in done);
  assert.match(done.faults[0]?.message ?? '', /^The file is gone\. /);
  assert.deepEqual([names(), fs.existsSync(path)], [['one', 'two'], false]);
});

test('nothing is written if nothing is changed', async () => {
  const path = place(`${two}\n\n`);
  const { file } = opened(path);
  const { ino } = fs.statSync(path);
  assert.deepEqual(await file.change(() => ({ isChanged: false, value: 7 })), { value: 7 });
  assert.equal(fs.statSync(path).ino, ino);
});

test('an editor’s save between reading and writing is not lost', async () => {
  const path = place(two);
  const { file, names } = opened(path);
  let asked = 0;
  await file.change((document) => {
    if (asked++ === 0) fs.appendFileSync(path, app('editor'));
    document.setIn(['apps', 'page'], { url: 'https://page.example.org', who: [] });
    return { isChanged: true, value: undefined };
  });
  assert.deepEqual([names(), asked], [['one', 'two', 'editor', 'page'], 2]);
});

test('writers in several processes lose nothing, and readers see only whole files', {
  timeout: 60_000,
}, async () => {
  const path = place(two);
  const url = new URL('apps-file.ts', import.meta.url).href;
  const script = `
    import { createAppsFile } from ${JSON.stringify(url)};
    const [path, name] = process.argv.slice(1);
    const logger = { error(line) { throw new Error(JSON.stringify(line)); }, info() {} };
    const file = createAppsFile({ path, deskOrigin: ${JSON.stringify(deskOrigin)}, logger, lockWaitMs: 30_000 });
    for (let i = 0; i < 10; i++) {
      const done = await file.change((document) => {
        document.setIn(['apps', name + i], { url: 'https://' + name + i + '.example.org', who: [] });
        return { isChanged: true, value: true };
      });
      if (done.value !== true) throw new Error(JSON.stringify(done));
    }
  `;
  const ends = ['a', 'b', 'c'].map((name) =>
    once(
      spawn(process.execPath, ['--input-type=module', '--eval', script, path, name], {
        stdio: ['ignore', 'ignore', 'inherit'],
      }),
      'close',
    ),
  );
  const { file, errors } = opened(path);
  let most = 0;
  const add = async (i: number) => {
    await file.change((document) => {
      document.setIn(['apps', `own${i}`], { url: `https://own${i}.example.org`, who: [] });
      return { isChanged: true, value: undefined };
    });
    const { size } = file.current().apps;
    assert.ok(size >= most);
    most = size;
  };
  for (let i = 0; i < 10; i++) await add(i);
  for (const [code] of await Promise.all(ends)) assert.equal(code, 0);
  assert.equal(file.current().apps.size, 42);
  assert.deepEqual(errors, []);
  assert.match(fs.readFileSync(path, 'utf8'), /^# ours\n/);
});
