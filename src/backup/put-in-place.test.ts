// The commit of a restore: before it nothing has changed, after it the next process finishes what was started.
import assert from 'node:assert/strict';
import fs, {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { openSqliteStore } from '../store/sqlite.ts';
import { enterPlace } from './enter.ts';
import type { Place } from './place.ts';
import { commit, sweep } from './put-in-place.ts';

const name = 'restore-0123456789ab';
const later = Date.now() + 1e9;
let root: string;
before(() => {
  root = mkdtempSync(join(tmpdir(), 'gatehouse-put-'));
});
after(() => rmSync(root, { recursive: true }));

async function noteIn(dataDir: string, text?: string): Promise<unknown> {
  const store = openSqliteStore(dataDir);
  if (text !== undefined) await store.notes.write('word', text, later);
  const read = await store.notes.read('word', 0);
  await store.close();
  return read;
}

/** A place that contains "old", with "new" ready next to it. */
async function ready(): Promise<{ place: Place; folder: string }> {
  const dataDir = mkdtempSync(join(root, 'data-'));
  const folder = join(dataDir, name);
  mkdirSync(folder);
  await noteIn(dataDir, 'old');
  await noteIn(folder, 'new');
  for (const [path, word] of [
    [dataDir, 'old'],
    [folder, 'new'],
  ] as const)
    writeFileSync(join(path, 'vault.json'), word);
  const place = { dataDir, emailsFile: join(dataDir, 'emails.txt'), logFile: undefined, redis: undefined };
  return { place, folder };
}

const names = ['gatehouse.db', 'vault.json'];
const textOf = (path: string) => readFileSync(path, 'utf8');
const modeOf = (path: string) => statSync(path).mode & 0o777;

/** Commits a restore and finishes it; `more` are the files in it besides the database. */
async function restore({ place, folder }: { place: Place; folder: string }, more: Record<string, string>) {
  for (const [file, text] of Object.entries(more)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  commit(place.dataDir, name, ['gatehouse.db', ...Object.keys(more)]);
  (await enterPlace(place))();
}

test('a restore interrupted after its commit is finished by the next command', async () => {
  const { place } = await ready();
  const { dataDir } = place;
  commit(dataDir, name, names);
  // Half of it has already been done.
  writeFileSync(join(dataDir, 'vault.json'), readFileSync(join(dataDir, name, 'vault.json')));
  rmSync(join(dataDir, name, 'vault.json'));
  (await enterPlace(place))();
  assert.equal(await noteIn(dataDir), 'new');
  assert.equal(readFileSync(join(dataDir, 'vault.json'), 'utf8'), 'new');
  assert.deepEqual(
    readdirSync(dataDir).filter((one) => /^restore/.test(one)),
    [],
  );
});

test('the write-ahead log of the former database is not used for the new one', async () => {
  const { place } = await ready();
  const { dataDir } = place;
  // As a killed server leaves them: not yet written to the main file.
  const store = openSqliteStore(dataDir);
  await store.notes.write('word', 'unsaved', later);
  for (const suffix of ['-wal', '-shm'])
    writeFileSync(join(root, `kept${suffix}`), readFileSync(join(dataDir, `gatehouse.db${suffix}`)));
  await store.close();
  for (const suffix of ['-wal', '-shm'])
    writeFileSync(join(dataDir, `gatehouse.db${suffix}`), readFileSync(join(root, `kept${suffix}`)));
  commit(dataDir, name, names);
  (await enterPlace(place))();
  assert.equal(await noteIn(dataDir), 'new');
});

test('before its commit nothing has changed, and prepared files are removed', async () => {
  const { place } = await ready();
  (await enterPlace(place))();
  assert.equal(await noteIn(place.dataDir), 'old');
  const half = join(place.dataDir, 'restore.json.0123456789ab.tmp');
  writeFileSync(half, '{');
  sweep(place.dataDir);
  assert.equal(existsSync(join(place.dataDir, name)), false);
  assert.equal(existsSync(half), false);
});

test('a file from which a restore is finished cannot be a link to elsewhere', async () => {
  const { place } = await ready();
  writeFileSync(join(place.dataDir, 'restore.json'), JSON.stringify({ folder: '../elsewhere', names }));
  await assert.rejects(enterPlace(place), /was changed by hand/);
  assert.equal(await noteIn(place.dataDir), 'old');
});

test('files that the backup does not contain are removed, with everything that belongs to them', async () => {
  const made = await ready();
  const { dataDir, emailsFile } = made.place;
  const attachments = join(dataDir, 'library', 'attachments');
  mkdirSync(attachments, { recursive: true });
  const gone = ['vault.json', 'endings.unfinished', 'library.db', 'library.db-wal', 'library.db-shm'];
  for (const file of gone) writeFileSync(join(dataDir, file), 'old');
  writeFileSync(join(attachments, 'a'), 'old');
  writeFileSync(emailsFile, 'old');
  await restore(made, {});
  assert.deepEqual(
    [...gone.map((file) => join(dataDir, file)), attachments].filter((path) => existsSync(path)),
    [],
  );
  assert.equal(textOf(emailsFile), 'old', 'a backup without an allow-list leaves the one that is there');
});

test('a database replaces the former one with its log, and images replace images', async () => {
  const made = await ready();
  const { dataDir } = made.place;
  const attachments = join(dataDir, 'library', 'attachments');
  mkdirSync(attachments, { recursive: true });
  writeFileSync(join(attachments, 'old'), 'old');
  for (const file of ['library.db', 'library.db-wal', 'library.db-shm'])
    writeFileSync(join(dataDir, file), 'old');
  await restore(made, { 'library.db': 'new', 'library/new': 'new' });
  assert.equal(textOf(join(dataDir, 'library.db')), 'new');
  assert.deepEqual(
    readdirSync(dataDir).filter((file) => /^library\.db-|^restore/.test(file)),
    [],
  );
  assert.deepEqual(readdirSync(attachments), ['new']);
});

test('images are restored where there were none, private to the owner', async () => {
  const made = await ready();
  await restore(made, { 'library.db': 'new', 'library/new': 'new' });
  assert.equal(textOf(join(made.place.dataDir, 'library', 'attachments', 'new')), 'new');
  assert.equal(modeOf(join(made.place.dataDir, 'library')), 0o700);
});

test('a new allow-list is readable by its group; an existing one keeps its mode, owner and group', async () => {
  const made = await ready();
  const elsewhere = join(root, 'lists', 'deep', 'emails.txt');
  const place = { ...made.place, emailsFile: elsewhere };
  await restore({ ...made, place }, { 'emails.txt': 'new' });
  assert.equal(textOf(elsewhere), 'new');
  assert.equal(modeOf(elsewhere), 0o640);

  const again = await ready();
  const { emailsFile } = again.place;
  writeFileSync(emailsFile, 'old');
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) chownSync(emailsFile, 0, 2345);
  chmodSync(emailsFile, 0o1605);
  writeFileSync(`${emailsFile}.0123456789ab.tmp`, 'left by a killed command');
  await restore(again, { 'emails.txt': 'newer' });
  assert.equal(textOf(emailsFile), 'newer');
  const { mode, uid, gid } = statSync(emailsFile);
  assert.equal(mode & 0o7777, 0o605);
  if (isRoot) assert.deepEqual([uid, gid], [0, 2345]);
  assert.deepEqual(
    readdirSync(dirname(emailsFile)).filter((file) => /tmp$/.test(file)),
    [],
  );
});

test('the record’s files are those of the backup: others with such names are removed', async () => {
  const made = await ready();
  const logFile = join(mkdtempSync(join(root, 'log-')), 'record.jsonl');
  for (const suffix of ['', '.1', '.2', '.3', '.torn', '.note']) writeFileSync(`${logFile}${suffix}`, 'old');
  chmodSync(logFile, 0o640);
  await restore(
    { ...made, place: { ...made.place, logFile } },
    { 'record.log': 'new', 'record.log.1': 'new 1', 'record.log.2': 'new 2' },
  );
  const left = readdirSync(dirname(logFile)).sort();
  assert.deepEqual(left, ['', '.1', '.2', '.note'].map((suffix) => `record.jsonl${suffix}`).sort());
  assert.deepEqual(
    ['', '.1', '.2', '.note'].map((suffix) => textOf(`${logFile}${suffix}`)),
    ['new', 'new 1', 'new 2', 'old'],
  );
  assert.equal(modeOf(logFile), 0o640, 'its readers can still read it');
});

test('a new file of the record is private to its owner', async () => {
  const made = await ready();
  const logFile = join(mkdtempSync(join(root, 'log-')), 'record.jsonl');
  await restore({ ...made, place: { ...made.place, logFile } }, { 'record.log': 'new' });
  assert.equal(modeOf(logFile), 0o600);
});

test('everything is on disk before the restore is committed, and in place before the commit is cleared', async (t) => {
  const { place, folder } = await ready();
  const { dataDir } = place;
  mkdirSync(join(folder, 'library'));
  writeFileSync(join(folder, 'library', 'new'), 'new');
  writeFileSync(join(folder, 'library.db'), 'new');
  const steps: string[] = [];
  const paths = new Map<number, string>();
  const { openSync, fsyncSync, closeSync, renameSync, rmSync: remove } = fs;
  const shorten = (path: unknown) =>
    String(path)
      .slice(dataDir.length + 1)
      .replace(/\.[\da-f]{12}\.tmp$/, '');
  t.mock.method(fs, 'openSync', (...args: Parameters<typeof openSync>) => {
    const handle = openSync(...args);
    paths.set(handle, shorten(args[0]));
    return handle;
  });
  t.mock.method(fs, 'fsyncSync', (handle: number) => {
    steps.push(`sync ${paths.get(handle)}`);
    fsyncSync(handle);
  });
  t.mock.method(fs, 'closeSync', (handle: number) => {
    paths.delete(handle);
    closeSync(handle);
  });
  t.mock.method(fs, 'renameSync', (from: string, to: string) => {
    steps.push(`make ${shorten(to)}`);
    renameSync(from, to);
  });
  t.mock.method(fs, 'rmSync', (path: string, options?: fs.RmOptions) => {
    if (fs.existsSync(path)) steps.push(`remove ${shorten(path)}`);
    remove(path, options);
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });

  commit(dataDir, name, [...names, 'library.db', 'library/new']);
  const counts = steps.indexOf('make restore.json');
  assert.deepEqual(
    steps.slice(0, counts).sort(),
    ['', '/gatehouse.db', '/vault.json', '/library.db', '/library/new', '/library']
      .map((path) => `sync ${name}${path}`)
      .concat('sync restore.json')
      .sort(),
  );
  steps.length = 0;
  (await enterPlace(place))();
  const over = steps.indexOf('remove restore.json');
  assert.equal(steps[over - 1], 'sync ', 'DATA_DIR itself');
  assert.ok(steps.indexOf('make gatehouse.db') < over - 1);
  assert.equal(steps[over + 1], 'sync ');
  assert.ok(!steps.includes('remove gatehouse.db'), 'it is replaced in one step');
  assert.deepEqual([...paths.values()], [], 'everything that was opened is closed');
});
