// Backup and restore as people type them: everything that was kept comes back, and a faulty archive never touches the existing data.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, suite, test } from 'node:test';
import { recordKeys } from '../src/audit/chain.ts';
import { verifyRecord } from '../src/audit/verify.ts';
import { makeBackup } from '../src/backup/make.ts';
import { auditKeyOf } from '../src/crypto/kdf.ts';
import { lockPlace } from '../src/store/place-lock.ts';
import { assertFilled } from './support/filled-store.ts';
import { type KeptPlace, makePlace, pictureOf, wholeWith } from './support/kept-place.ts';
import { type PrivateRedis, startRedis } from './support/redis.ts';
import { need } from './support/requirement.ts';

const secretKey = randomBytes(32).toString('hex');
const withRedis = await need('redis-server');

for (const kind of ['SQLite', 'Redis'] as const) {
  suite(`backup and restore on ${kind}`, kind === 'Redis' ? withRedis : {}, () => {
    let root: string;
    let redis: PrivateRedis | undefined;
    let database = 0;
    before(async () => {
      root = mkdtempSync(join(tmpdir(), 'gatehouse-backup-'));
      if (kind === 'Redis') redis = await startRedis();
    });
    after(async () => {
      await redis?.close();
      rmSync(root, { recursive: true });
    });
    /** Each has its own database. */
    function newPlace(publicUrl?: string): KeptPlace {
      const url = redis?.url.replace(/\/0$/, `/${database++}`);
      return makePlace({ root, secretKey, ...(url && { redisUrl: url }), ...(publicUrl && { publicUrl }) });
    }

    test(`${kind}: a backup can be restored to an empty store under another address, and everyone signs in again`, async () => {
      const at = Date.now();
      const source = newPlace();
      await source.fill('old', at);
      const archive = join(root, 'first.tar.gz');
      const made = await source.gatehouse(['backup', archive]);
      assert.equal(made.code, 0, made.err);
      const entries = await source.lastEntry();
      assert.match(
        made.err,
        /The record in it is intact: \d+ entries[\s\S]*Not in it: the secrets \(\.env\)\. Keep a copy/,
      );
      assert.equal(statSync(archive).mode & 0o777, 0o600);

      const target = newPlace('https://other.test');
      const restored = await target.gatehouse(['restore', archive]);
      assert.equal(restored.code, 0, restored.err);
      assert.match(
        restored.err,
        /made [\dTZ:.-]+ by Gatehouse[\s\S]*Its record is intact: [\s\S]*2 sessions were ended/,
      );
      assert.ok(
        made.err.includes(`intact: ${entries} entries`) &&
          restored.err.includes(`intact: ${entries} entries`),
      );
      assert.deepEqual(await target.words(), wholeWith('old'));
      await target.withStore(async (store) => {
        assert.equal((await store.sessions.page({ sort: 'email', limit: 9 })).rows.length, 0);
        assert.equal(
          (await store.sessions.findByHandle('handle-laptop'))?.ended?.reason,
          'revoked_by_operator',
        );
        assert.equal(typeof (await store.notes.read('gate:ended:everyone', at)), 'number');
        const [last] = await store.record.before(Number.POSITIVE_INFINITY, 1);
        assert.match(last?.text ?? '', /"event":"backup.restored","facts":\{"ended":2,/);
      });
      assert.deepEqual(
        readdirSync(target.dataDir).filter((name) => /^(restore|backup)-/.test(name)),
        [],
      );
    });

    test(`${kind}: --keep-sessions restores the sessions and every other part of the store`, async () => {
      const at = Date.now();
      const source = newPlace();
      await source.fill('old', at);
      const archive = join(root, 'kept.tar.gz');
      assert.equal((await source.gatehouse(['backup', archive])).code, 0);
      const entries = await source.lastEntry();
      const target = newPlace();
      const restored = await target.gatehouse(['restore', archive, '--keep-sessions']);
      assert.equal(restored.code, 0, restored.err);
      assert.match(restored.err, /People who were signed out since then are signed in again/);
      await target.withStore((store) => assertFilled(store, at, auditKeyOf(secretKey), entries + 1));
    });

    test(`${kind}: existing data is replaced only after confirmation, and then completely`, async () => {
      const source = newPlace();
      await source.fill('new');
      const archive = join(root, 'other.tar.gz');
      assert.equal((await source.gatehouse(['backup', archive])).code, 0);
      const target = newPlace();
      await target.fill('old');
      const refused = await target.gatehouse(['restore', archive]);
      assert.equal(refused.code, 2);
      assert.match(refused.err, /this deployment already has data: .*vault\.json.*--replace replaces/);
      const unasked = await target.gatehouse(['restore', archive, '--replace']);
      assert.equal(unasked.code, 2);
      assert.match(unasked.err, /use --yes instead of typing the word/);
      assert.deepEqual(await target.words(), wholeWith('old'));
      const replaced = await target.gatehouse(['restore', archive, '--replace', '--yes']);
      assert.equal(replaced.code, 0, replaced.err);
      assert.deepEqual(await target.words(), wholeWith('new'));
    });
  });
}

suite('backups', () => {
  let root: string;
  let place: KeptPlace;
  let archive: string;
  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'gatehouse-backup-'));
    place = makePlace({ root, secretKey });
    await place.fill('old');
    archive = join(root, 'good.tar.gz');
    assert.equal((await place.gatehouse(['backup', archive])).code, 0);
  });
  after(() => rmSync(root, { recursive: true }));

  test('an existing file is not overwritten without --force, and "-" means standard output or input', async () => {
    const mine = join(root, 'mine.tar.gz');
    writeFileSync(mine, 'mine');
    const refused = await place.gatehouse(['backup', mine]);
    assert.equal(refused.code, 2);
    assert.match(refused.err, /already exists and was left as it is; --force/);
    assert.equal(readFileSync(mine, 'utf8'), 'mine');
    assert.equal((await place.gatehouse(['backup', mine, '--force'])).code, 0);
    assert.equal(statSync(mine).mode & 0o777, 0o600);
    const streamed = await place.gatehouse(['backup', '-']);
    assert.equal(streamed.code, 0, streamed.err);
    const checked = await place.gatehouse(['restore', '-', '--check'], { input: streamed.out });
    assert.equal(checked.code, 0, checked.err);
    assert.match(checked.err, /Its record is intact/);
    assert.deepEqual(
      readdirSync(root).filter((name) => name.endsWith('.part')),
      [],
    );
  });

  test('a restore is refused while the store is in use, and nothing can open the store during a restore', async () => {
    const shared = await lockPlace(place.dataDir, 'shared', 0);
    const refused = await place.gatehouse(['restore', archive, '--replace', '--yes']);
    shared?.();
    assert.equal(refused.code, 2);
    assert.match(refused.err, /is in use: a Gatehouse server or another command is running\. Stop it first/);
    const alone = await lockPlace(place.dataDir, 'alone', 0);
    const waited = await place.gatehouse(['sessions', 'list']);
    alone?.();
    assert.equal(waited.code, 1);
    assert.match(waited.err, /A restore is running in .*Wait until it has ended/);
    assert.deepEqual(await place.words(), wholeWith('old'));
  });

  test('secrets of another deployment and a record that was tampered with are refused', async () => {
    const stranger = makePlace({ root, secretKey: randomBytes(32).toString('hex') });
    const refused = await stranger.gatehouse(['restore', archive]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /sealed with a different SECRET_KEY[\s\S]*Nothing was changed/);

    const tampered = makePlace({ root, secretKey });
    await tampered.fill('old');
    const db = new DatabaseSync(join(tampered.dataDir, 'gatehouse.db'));
    db.exec(`UPDATE record SET text = replace(text, 's7', 's8') WHERE seq = 8`);
    db.close();
    const file = join(root, 'tampered.tar.gz');
    const made = await tampered.gatehouse(['backup', file]);
    assert.equal(made.code, 1);
    assert.match(made.err, /The record in it is not intact/);
    const target = makePlace({ root, secretKey });
    const unwanted = await target.gatehouse(['restore', file]);
    assert.equal(unwanted.code, 1);
    assert.match(unwanted.err, /tampered with: entry 8 was edited\.[\s\S]*so nothing was changed/);
    assert.equal((await target.gatehouse(['restore', file, '--even-if-tampered'])).code, 0);
  });

  test('.env is encrypted with a passphrase that is never an argument, and restored where there is none', async () => {
    const envText = Object.entries(place.env)
      .filter(([name]) => name !== 'DATA_DIR')
      .map(([name, value]) => `${name}=${value}\n`)
      .join('');
    writeFileSync(join(place.folder, '.env'), envText, { mode: 0o600 });
    const word = join(root, 'passphrase');
    const file = join(root, 'sealed.tar.gz');
    const seal = ['backup', file, '--with-env', '--passphrase-file', word];
    writeFileSync(word, 'too short\n');
    assert.match((await place.gatehouse(seal)).err, /needs at least 12 characters/);
    writeFileSync(word, 'correct horse battery staple\n');
    const made = await place.gatehouse(seal);
    assert.equal(made.code, 0, made.err);
    assert.match(made.err, /\.env is in it, encrypted/);

    const bare = mkdtempSync(join(root, 'bare-'));
    const target = makePlace({ root, secretKey });
    // Only where to put the data: everything else is in the backup.
    const settings = {
      SECRET_KEY: '',
      GATE_SECRET: '',
      PUBLIC_URL: '',
      EMAILS_FILE: join(bare, 'list', 'emails.txt'),
      AUDIT_LOG_FILE: join(bare, 'record.log'),
    };
    const open = (path: string) =>
      target.gatehouse(['restore', file, '--with-env', '--passphrase-file', path], { env: settings });
    writeFileSync(join(root, 'wrong'), 'incorrect horse battery staple\n');
    const wrong = await open(join(root, 'wrong'));
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /that is not the passphrase of this backup/);
    const restored = await open(word);
    assert.equal(restored.code, 0, restored.err);
    assert.equal(readFileSync(join(target.folder, '.env'), 'utf8'), envText);
    assert.equal(statSync(join(target.folder, '.env')).mode & 0o777, 0o600);
    assert.deepEqual(
      readdirSync(target.folder).filter((name) => name.startsWith('.env.')),
      [],
    );
    assert.match(readFileSync(join(bare, 'list', 'emails.txt'), 'utf8'), /old/);
  });

  test('a backup names a newer store as such, and a restore replaces it: the way back to an older version', async () => {
    const newer = makePlace({ root, secretKey });
    await newer.fill('new');
    const db = new DatabaseSync(join(newer.dataDir, 'gatehouse.db'));
    db.exec('PRAGMA user_version = 1000');
    db.close();
    const refused = await newer.gatehouse(['backup', join(root, 'newer.tar.gz')]);
    assert.equal(refused.code, 2);
    assert.match(refused.err, /written by a newer Gatehouse: its layout is version 1000.*no backup was made/);
    const back = await newer.gatehouse(['restore', archive, '--replace', '--yes']);
    assert.equal(back.code, 0, back.err);
    assert.deepEqual(await newer.words(), wholeWith('old'));
  });

  test('backups made under concurrent writes are all consistent, with an intact record', async () => {
    const busy = makePlace({ root, secretKey });
    await busy.fill('old');
    const key = auditKeyOf(secretKey);
    let isDone = false;
    const { recorderOver } = await import('./support/record.ts');
    await busy.withStore(async (store) => {
      const recorder = recorderOver(store, { keys: () => [key] });
      const writing = (async () => {
        for (let i = 0; !isDone; i++) {
          await recorder.write({ event: 'session.created', session: `busy${i}` });
          await store.notes.write(`busy${i}`, i, Date.now() + 1e6);
        }
        return store.record.head();
      })();
      const lasts: number[] = [];
      for (let i = 0; i < 5; i++) {
        const { record } = await makeBackup(
          {
            place: {
              dataDir: busy.dataDir,
              emailsFile: busy.env['EMAILS_FILE'] ?? '',
              logFile: undefined,
              redis: undefined,
            },
            keys: [key],
            program: 'test',
            address: 'https://desk.test',
            now: Date.now,
          },
          { to: join(root, `busy-${i}.tar.gz`), force: false },
        );
        assert.equal(record.intact, true);
        lasts.push(record.last);
      }
      isDone = true;
      await writing;
      await recorder.close();
      assert.ok((lasts.at(-1) ?? 0) > (lasts[0] ?? 0), `the writer went on meanwhile: ${lasts}`);
      assert.equal((await verifyRecord({ record: store.record, keys: recordKeys([key]) })).state, 'intact');
    });
  });

  test('leftovers of killed commands are removed by the next command', async () => {
    for (const name of ['backup-0123456789ab', 'restore-0123456789ab']) mkdirSync(join(place.dataDir, name));
    writeFileSync(join(root, 'again.tar.gz.0123456789ab.part'), 'x');
    writeFileSync(join(place.dataDir, 'restore.json.0123456789ab.tmp'), 'x');
    const before = pictureOf(place.folder);
    assert.equal((await place.gatehouse(['backup', join(root, 'again.tar.gz')])).code, 0);
    assert.deepEqual(
      readdirSync(root).filter((name) => name.endsWith('.part')),
      [],
    );
    assert.equal((await place.gatehouse(['restore', '--check', archive])).code, 0);
    const left = Object.keys(pictureOf(place.folder)).filter((name) => !(name in before));
    assert.deepEqual(left, []);
    assert.deepEqual(
      readdirSync(place.dataDir).filter((name) => /^(backup-|restore)/.test(name)),
      [],
    );
  });
});
