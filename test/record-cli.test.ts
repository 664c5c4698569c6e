// `gatehouse audit …` as people use it in a terminal: exit codes, first lines, exports that are safe to open.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, test } from 'node:test';
import { auditCommand } from '../src/commands/audit.ts';
import { runCommand } from '../src/commands/terminal.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { key, otherKey, recorderOver } from './support/record.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-record-cli-'));
  file = join(folder, 'record.log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const openStore = () => openSqliteStore(join(folder, 'data'));

let waited: () => void = () => undefined;

async function audit(args: readonly string[], keys = [key]) {
  let out = '';
  let err = '';
  const code = await runCommand(auditCommand, args, {
    now: Date.now,
    wait: async () => waited(),
    write: async (text) => {
      out += text;
    },
    out(line) {
      out += `${line}\n`;
    },
    err(line) {
      err += `${line}\n`;
    },
    async open() {
      const store = openStore();
      const recorder = recorderOver(store, { keys: () => keys });
      return {
        ...store,
        keys,
        recorder,
        async close() {
          await recorder.close();
          await store.close();
        },
      };
    },
  });
  return { code, out, err };
}

async function write(count: number): Promise<void> {
  const store = openStore();
  const recorder = recorderOver(store, { file });
  for (let i = 0; i < count; i++) {
    const person = { id: `p${i % 3}`, email: `p${i % 3}@example.org` };
    await recorder.write({ event: 'session.created', person, session: `s${i}`, facts: { n: i } });
  }
  await recorder.close();
  await store.close();
}

function tamper(sql: string): void {
  const db = new DatabaseSync(join(folder, 'data', 'gatehouse.db'));
  db.exec(sql);
  db.close();
}

test('verify exits with 0 and "Intact", 1 and what happened where, or 2 if it cannot run', async () => {
  assert.deepEqual(await audit(['verify']), { code: 0, out: 'The record is empty.\n', err: '' });
  await write(20);
  assert.deepEqual(await audit(['verify']), { code: 0, out: 'Intact: 20 entries, 1 to 20.\n', err: '' });
  const withFile = await audit(['verify', '--file', file]);
  assert.equal(withFile.out, 'Intact: 20 entries, 1 to 20.\nThe file is intact: 20 lines.\n');
  assert.match(
    (await audit(['verify'], [otherKey])).out,
    /^In doubt: entry 1 was sealed with a key that is not configured/,
  );
  tamper(`UPDATE record SET text = replace(text, 's7', 's8') WHERE seq = 8`);
  const edited = await audit(['verify']);
  assert.equal(edited.code, 1);
  assert.equal(edited.out.split('\n')[0], 'Tampered: entry 8 was edited.');
  tamper('DELETE FROM record WHERE seq IN (5, 6)');
  const json = await audit(['verify', '--json']);
  assert.equal(json.code, 1);
  assert.deepEqual(JSON.parse(json.out), {
    intact: false,
    record: {
      state: 'tampered',
      first: { kind: 'missing', seq: 5, count: 2 },
      findings: 2,
      from: 1,
      to: 20,
      count: 18,
    },
    checkpoints: 0,
  });
  assert.equal((await audit(['verify', '--checkpoint', join(folder, 'nowhere')])).code, 2);
});

test('verify --file reports each missing, repeated or misplaced line with its number', async () => {
  await write(20);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const verdictOf = async (changed: readonly string[]) => {
    writeFileSync(file, changed.map((line) => `${line}\n`).join(''));
    const { code, out } = await audit(['verify', '--file', file]);
    return [code, out.split('\n')[0]?.replaceAll(file, 'FILE')];
  };
  const at = (n: number) => lines[n - 1] ?? '';
  const told = (words: string) => [1, `The file was tampered with: ${words}`];
  assert.deepEqual(await verdictOf(lines), [0, 'Intact: 20 entries, 1 to 20.']);
  assert.deepEqual(await verdictOf(lines.toSpliced(6, 1)), told('entry 7 is missing.'));
  assert.deepEqual(
    await verdictOf(lines.with(6, at(8)).with(7, at(7))),
    told('entry 7, line 8 of FILE, is out of place.'),
  );
  assert.deepEqual(
    await verdictOf(lines.toSpliced(7, 0, at(5))),
    told('entry 5, line 8 of FILE, is there twice.'),
  );
  assert.deepEqual(await verdictOf(lines.slice(0, 15)), told('entries 16 to 20 are missing (5).'));
  assert.deepEqual(await verdictOf(lines.slice(3)), told('entries 1 to 3 are missing (3).'));
  assert.deepEqual(await verdictOf([]), told('entries 1 to 20 are missing (20).'));
  rmSync(file);
  const gone = await audit(['verify', '--file', file]);
  assert.deepEqual([gone.code, gone.out.split('\n')[0]], told('entries 1 to 20 are missing (20).'));
});

test('verify --file accepts files that were rotated, pruned or moved away', async () => {
  await write(6);
  renameSync(file, `${file}.1`);
  await write(4);
  assert.equal((await audit(['verify', '--file', file])).code, 0, 'a full file that stepped aside');
  const kept = join(folder, 'kept');
  renameSync(file, kept);
  renameSync(`${file}.1`, `${kept}.1`);
  await write(3);
  const moved = await audit(['verify', '--file', file]);
  assert.equal(moved.code, 0, moved.out);
  // It waits for an entry that the store has and the file is about to get.
  const lines = readFileSync(file, 'utf8');
  writeFileSync(
    file,
    lines
      .trimEnd()
      .split('\n')
      .slice(0, -1)
      .map((line) => `${line}\n`)
      .join(''),
  );
  waited = () => writeFileSync(file, lines);
  assert.equal((await audit(['verify', '--file', file])).code, 0);
  waited = () => undefined;
});

test('a checkpoint that is kept elsewhere shows what the record alone cannot', async () => {
  await write(10);
  const kept = join(folder, 'checkpoints.jsonl');
  assert.match((await audit(['checkpoint', '--out', kept])).out, /^Added to /);
  const printed = await audit(['checkpoint']);
  assert.match(
    printed.out,
    /^\{"v":1,"seq":12,"mac":"[\w-]{43}","at":"[\dTZ:.-]+","kid":"[\da-f]{8}","seal":"[\w-]{43}"\}\n$/,
  );
  writeFileSync(kept, readFileSync(kept, 'utf8') + printed.out);
  assert.equal(statSync(kept).mode & 0o777, 0o600);
  const good = await audit(['verify', '--checkpoint', kept]);
  assert.deepEqual([good.code, good.out.split('\n')[1]], [0, 'It matches the 2 checkpoints.']);
  tamper('DELETE FROM record; DELETE FROM record_mark');
  await write(3);
  assert.equal((await audit(['verify'])).code, 0);
  const cut = await audit(['verify', '--checkpoint', kept]);
  assert.deepEqual(
    [cut.code, cut.out.split('\n')[0]],
    [1, 'Tampered: the record ends too early: from entry 4 on, 9 entries were cut off.'],
  );
  // The file shows it too.
  assert.equal((await audit(['verify', '--file', file])).code, 1);
  writeFileSync(kept, printed.out.replace('"seq":12', '"seq":2'));
  const forged = await audit(['verify', '--checkpoint', kept]);
  assert.deepEqual(
    [forged.code, forged.err],
    [2, 'gatehouse audit: the checkpoint is not genuine: its seal does not match\n'],
  );
});

test('export: JSON lines or CSV that no spreadsheet executes, by person, event and time; itself recorded', async () => {
  await write(9);
  const store = openStore();
  const recorder = recorderOver(store);
  await recorder.write({
    event: 'session.ended',
    person: { id: 'odd', email: '=cmd@example.org' },
    reason: '@SUM(1+1)"\n,x',
    session: '-1+1',
    requestId: '\t=1',
    facts: { a: 'b,c"' },
  });
  await recorder.close();
  await store.close();
  const json = await audit(['export', '--person', 'P1@example.org']);
  const lines = json.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    lines.map(({ session, person }) => [session, person]),
    [1, 4, 7].map((n) => [`s${n}`, 'p1@example.org']),
  );
  const csv = await audit(['export', '--event', 'session.ended', '--format', 'csv']);
  const [header, ...rows] = csv.out.split('\r\n');
  assert.equal(header, 'seq,at,event,outcome,person,by,reason,session,network,requestId,facts');
  assert.equal(
    rows.join('|').replace(/\d{4}-[\dT:.-]+Z/, 'AT'),
    '10,AT,session.ended,done,"\'=cmd@example.org",,"\'@SUM(1+1)""\n,x","\'-1+1",,"\'\t=1","{""a"":""b,c\\""""}"|',
  );
  assert.equal((await audit(['export', '--to', '2020-01-01'])).out, '');
  assert.equal(
    (await audit(['export', '--from', '2020-01-01', '--event', 'record.exported'])).out.split('\n').length,
    5,
  );
});

test('wrong arguments are refused in one line', async () => {
  for (const args of [
    [],
    ['verfy'],
    ['verify', '--file'],
    ['verify', '--file', ''],
    ['verify', 'x'],
    ['export', '--format', 'xml'],
    ['export', '--from', 'yesterday'],
    ['export', '--from', '2026-02-31'],
    ['export', '--from', '2026-02-03', '--to', '2026-02-01'],
    ['export', '--event', 'toString'],
    ['export', '--event', '\u001b[2Jx'],
    ['export', '--person', 'ann'],
    ['checkpoint', '--out', ''],
    ['checkpoint', '--json'],
  ]) {
    const { code, out, err } = await audit(args);
    assert.deepEqual([code, out, err.split('\n').length], [2, '', 2], args.join(' '));
    assert.match(err, /^gatehouse audit: .*see `gatehouse audit --help`\n$/, args.join(' '));
    assert.ok(!err.includes('\u001b'));
  }
  assert.equal((await audit(['--help'])).code, 0);
});
