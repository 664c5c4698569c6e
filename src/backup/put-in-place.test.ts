// The commit of a restore: before it nothing has changed, after it the next process finishes what was begun.
import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

/** A place with "old" in it, and "new" ready beside it. */
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

test('a restore interrupted after its commit is finished by the next command', async () => {
  const { place } = await ready();
  const { dataDir } = place;
  commit(dataDir, name, names);
  // Half of it was done already.
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
  // As a killed server leaves them: not yet in the main file.
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
  sweep(place.dataDir);
  assert.equal(existsSync(join(place.dataDir, name)), false);
});

test('a file from which a restore is finished cannot be a link to elsewhere', async () => {
  const { place } = await ready();
  writeFileSync(join(place.dataDir, 'restore.json'), JSON.stringify({ folder: '../elsewhere', names }));
  await assert.rejects(enterPlace(place), /was changed by hand/);
  assert.equal(await noteIn(place.dataDir), 'old');
});
