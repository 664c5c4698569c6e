// The journal of revocations: on disk before anything ends, then in the record in order and once, whatever is killed and whoever shares
// it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { recordKeys } from '../src/audit/chain.ts';
import { verifyRecord } from '../src/audit/verify.ts';
import { type Store, StoreUnavailable } from '../src/store/contract.ts';
import { createJournalFile } from '../src/store/journal-file.ts';
import {
  key,
  listeningLogger,
  onBothStores,
  openOnSqlite,
  type RecordPlace,
  recorderOver,
} from './support/record.ts';
import type { WriterTask } from './support/record-writer.ts';

const script = join(import.meta.dirname, 'support', 'record-writer.ts');

/** A store whose record accepts nothing while `isDown()`; while `cuts()` it accepts the entry, but the response is lost. */
function failing(store: Store, isDown: () => boolean, cuts: () => boolean = () => false): Store {
  const fail = () => Promise.reject(new StoreUnavailable(new Error('the disk is full')));
  return {
    ...store,
    record: {
      ...store.record,
      append: (seal) => (isDown() ? fail() : store.record.append(seal)),
      async appendOnce(step, seal) {
        if (isDown()) return fail();
        const added = await store.record.appendOnce(step, seal);
        return cuts() ? fail() : added;
      },
    },
  };
}

async function sessionsIn(store: Store): Promise<(string | undefined)[]> {
  const rows = await store.record.after(0, 10_000);
  return rows
    .map(({ text }) => JSON.parse(text) as { event: string; session?: string })
    .filter(({ event }) => event === 'session.revoked')
    .map(({ session }) => session);
}

const person = { id: 'p1', email: 'p1@example.org' };
const ending = (session: string) => ({ event: 'session.revoked', person, session }) as const;

await onBothStores('the revocation journal', (open) => {
  let place: RecordPlace;
  let path: string;
  beforeEach(async () => {
    place = await open();
    path = join(place.folder, 'endings.journal');
  });
  afterEach(() => place.close());

  test('an ending during an outage is on disk immediately, and enters the record in order', async () => {
    let down = true;
    const recorder = recorderOver(
      failing(place.store, () => down),
      { journal: path },
    );
    assert.equal(await recorder.writeEnding(ending('a')), 'follows');
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.match(readFileSync(path, 'utf8'), /"session":"a"/);
    assert.doesNotMatch(readFileSync(path, 'utf8'), /example\.org/, 'people are pseudonyms there too');
    await assert.rejects(recorder.write({ event: 'access.added' }), 'what is no ending is refused');
    assert.equal(await recorder.writeEnding(ending('b')), 'follows');
    assert.equal(recorder.state().waiting, 2);
    down = false;
    assert.equal(await recorder.writeEnding(ending('c')), 'recorded');
    assert.deepEqual(await sessionsIn(place.store), ['a', 'b', 'c']);
    await recorder.close();
    assert.doesNotMatch(readFileSync(path, 'utf8'), /session/, 'what the record has is forgotten');
  });

  test('a lost answer does not duplicate an entry', async () => {
    let cut = true;
    const recorder = recorderOver(
      failing(
        place.store,
        () => false,
        () => cut,
      ),
      { journal: path },
    );
    assert.equal(await recorder.writeEnding(ending('a')), 'follows');
    cut = false;
    assert.equal(await recorder.writeEnding(ending('b')), 'recorded');
    await recorder.close();
    assert.deepEqual(await sessionsIn(place.store), ['a', 'b']);
  });

  test('two processes share one journal: each line appears once', async () => {
    const one = recorderOver(place.store, { journal: path });
    const other = recorderOver(place.open(), { journal: path });
    const names = Array.from({ length: 60 }, (_, i) => `s${i}`);
    await Promise.all(names.map((name, i) => (i % 2 === 0 ? one : other).writeEnding(ending(name))));
    await Promise.all([one.close(), other.close()]);
    assert.deepEqual((await sessionsIn(place.store)).sort(), names.sort());
  });

  test('an erased person is not in a journal that is still waiting', async () => {
    let down = true;
    const deaf = {
      ...failing(place.store, () => down),
      aliases: {
        ...place.store.aliases,
        bySubject: () => Promise.reject(new StoreUnavailable(new Error('away'))),
      },
    };
    const recorder = recorderOver(deaf, { journal: path });
    await recorder.writeEnding(ending('a'));
    assert.match(readFileSync(path, 'utf8'), /p1@example\.org/, 'there was no pseudonym to be had');
    await recorder.forget(person);
    assert.doesNotMatch(readFileSync(path, 'utf8'), /p1@example\.org/);
    down = false;
    await recorder.flush();
    await recorder.close();
    assert.deepEqual(await sessionsIn(place.store), ['a']);
    assert.equal(await place.store.aliases.bySubject(person.id), undefined);
  });

  test('killed repeatedly: everything noted is in the record, once and in order', {
    timeout: 120_000,
  }, async () => {
    const task = { ...place.address, journal: path, endings: true, together: 3, key } satisfies WriterTask;
    const noted: string[] = [];
    for (let i = 0; i < 6; i++) {
      const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
      let output = '';
      const far = Promise.withResolvers<void>();
      // Not after a fixed time, but after some entries, in the middle of further ones.
      child.stdout.on('data', (chunk) => {
        output += chunk;
        if (output.split('noted').length > 5 + i * 3) far.resolve();
      });
      child.stdin.end(JSON.stringify(task));
      await far.promise;
      child.kill('SIGKILL');
      await once(child, 'close');
      noted.push(...[...output.matchAll(/noted (\S+)\n/g)].map(([, session = '']) => session));
    }
    const recorder = recorderOver(place.store, { journal: path });
    await recorder.flush();
    await recorder.close();
    const found = await sessionsIn(place.store);
    assert.equal(new Set(found).size, found.length, 'none is there twice');
    const known = new Set(found);
    assert.deepEqual(
      noted.filter((session) => !known.has(session)),
      [],
    );
    assert.equal(
      (await verifyRecord({ record: place.store.record, keys: recordKeys([key]) })).state,
      'intact',
    );
  });
});

test('the file: an incomplete line keeps its number, and the next one is complete', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-journal-'));
  const path = join(folder, 'j');
  try {
    const file = createJournalFile(path);
    await file.append(['{"n":1}']);
    const text = readFileSync(path, 'utf8').trimEnd();
    writeFileSync(path, `${text}\n{"n":`);
    const other = createJournalFile(path);
    assert.equal((await other.append(['{"n":3}'])).last, 3);
    assert.equal((await file.append(['{"n":4}'])).last, 4, 'and who had seen it before goes on behind');
    assert.deepEqual((await file.read())?.lines, ['{"n":1}', '{"n":', '{"n":3}', '{"n":4}']);
    appendFileSync(path, '\n\n');
    assert.equal((await other.append(['{"n":5}'])).last, 5);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a journal that cannot be written: the ending proceeds, is logged, and waits in memory', async () => {
  await onePlace(async (place) => {
    let down = true;
    const logger = listeningLogger();
    const path = join(place.folder, 'file', 'endings.journal');
    writeFileSync(join(place.folder, 'file'), '');
    const recorder = recorderOver(
      failing(place.store, () => down),
      { journal: path, logger },
    );
    assert.equal(await recorder.writeEnding(ending('a')), 'follows');
    assert.ok(logger.heard.some(({ line }) => line['event'] === 'record.journal_failed'));
    down = false;
    await recorder.flush();
    await recorder.close();
    assert.deepEqual(await sessionsIn(place.store), ['a']);
  });
});

async function onePlace(work: (place: RecordPlace) => Promise<void>): Promise<void> {
  const place = openOnSqlite();
  try {
    await work(place);
  } finally {
    await place.close();
  }
}
