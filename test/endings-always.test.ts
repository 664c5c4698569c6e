// A revocation is never refused: with a store that is full, read-only or unreachable, and with a record that cannot be written, the person
// is signed out at once, and the record has it afterwards, once and in order.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite, type TestContext, test } from 'node:test';
import { waitFor } from '../demo/child.ts';
import { recordKeys } from '../src/audit/chain.ts';
import { verifyRecord } from '../src/audit/verify.ts';
import { connectRedis } from '../src/store/redis-client.ts';
import { recordKeysOf } from '../src/wiring/audit-log.ts';
import { ada, also, begin, type Desk, storeKinds, type TestPerson } from './support/desk.ts';
import { eventually } from './support/eventually.ts';
import { need } from './support/requirement.ts';

type SignedIn = Awaited<ReturnType<typeof begin>>;

const person = (name: string): TestPerson => ({ id: `9000${name}`, email: `${name}@endings.test` });

/** Everyone whose sessions will end, signed in while the store still accepts writes. */
async function crowd(desk: Desk) {
  const operator = await begin(desk, ada);
  const phone = await begin(desk, person('one'));
  const tablet = await begin(desk, person('one'));
  const laptop = await begin(desk, person('one'));
  const [leaver, erased, watched] = [
    await begin(desk, person('leaver')),
    await begin(desk, person('erased')),
    await begin(desk, person('watched')),
  ];
  await desk.recorder.flush();
  return { operator, phone, tablet, laptop, leaver, erased, watched };
}

const isOut = async ({ browser }: SignedIn) => (await browser.ask('/api/me')).status === 401;

/** Ends sessions in every way that a person or an operator can. @returns the handles in the order in which they ended */
async function endAll(
  { operator, phone, tablet, laptop, leaver, watched }: Awaited<ReturnType<typeof crowd>>,
  follows: 'note' | 'row',
): Promise<string[]> {
  const one = await laptop.change('/devices/end', { handle: phone.handle });
  assert.equal(one.status, 303);
  const words = follows === 'note' ? /the note of it follows/ : /the rest follows/;
  assert.match((await laptop.browser.ask(one.location ?? '')).text, words);
  assert.ok(await isOut(phone), 'one device');
  const others = await laptop.change('/devices/end-others');
  assert.match(others.location ?? '', new RegExp(`follows=${follows}$`));
  assert.ok(await isOut(tablet), 'all others');
  const gone = await leaver.change('/logout');
  assert.equal(gone.status, 303);
  const next = `/signed-out?follows=${follows}`;
  assert.equal(gone.location, `/oauth2/sign_out?rd=${encodeURIComponent(next)}`);
  assert.ok(
    gone.setCookies.some((line) => /session=;.*Max-Age=0/.test(line)),
    'the cookie is cleared',
  );
  assert.match((await leaver.browser.ask(next)).text, words);
  assert.ok(await isOut(leaver), 'signed out');
  const all = await operator.change('/radar/end-person', { handle: watched.handle });
  assert.match(all.location ?? '', new RegExp(`follows=${follows}$`));
  assert.ok(await isOut(watched), 'a person, by an operator');
  return [phone, tablet, leaver, watched].map(({ handle }) => handle);
}

/** All other changes are refused as before. */
async function assertRefused({ operator }: Awaited<ReturnType<typeof crowd>>, desk: Desk): Promise<void> {
  assert.equal((await operator.change('/access/add', { email: 'new@endings.test' })).status, 503);
  assert.equal((await desk.browser(person('late')).ask('/dashboard')).status, 503, 'nobody signs in');
  assert.equal((await operator.browser.ask('/dashboard')).status, 200, 'reading goes on');
}

/** Once the store accepts changes again: each revocation is in the record, once, in order, and the chain is intact. */
async function assertRecorded(desk: Desk, handles: readonly string[]): Promise<void> {
  const revoked = async () =>
    (await desk.store.record.after(0, 1_000))
      .map(({ text }) => JSON.parse(text) as { event: string; session?: string; who?: string })
      .filter(({ event }) => event === 'session.revoked');
  await eventually('the entries', async () => (await revoked()).length >= handles.length);
  await desk.recorder.flush();
  const entries = await revoked();
  assert.deepEqual(
    entries.map(({ session }) => session),
    handles,
  );
  assert.ok(
    entries.every(({ who }) => who !== undefined),
    'with whom they concern',
  );
  for (const handle of handles) {
    await eventually('the row', async () => {
      const row = await desk.store.sessions.findByHandle(handle);
      return row === undefined || row.ended !== undefined;
    });
  }
  const keys = recordKeys(recordKeysOf(desk.config));
  assert.equal((await verifyRecord({ record: desk.store.record, keys })).state, 'intact');
}

if (storeKinds.includes('redis'))
  suite('an ending is never refused: Redis', await need('redis-server'), () => {
    async function open(t: TestContext) {
      const folder = mkdtempSync(join(tmpdir(), 'gatehouse-endings-'));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      const settings = { EMAILS_FILE: join(folder, 'emails.txt') };
      writeFileSync(settings.EMAILS_FILE, `${ada.email}\n`);
      const desk = await also(t, { store: 'redis', settings });
      const admin = connectRedis(desk.redis?.url ?? '', () => {});
      t.after(() => admin.disconnect());
      return { desk, admin, people: await crowd(desk) };
    }

    test('a full Redis: endings and erasure still work, everything else is refused', async (t) => {
      const { desk, admin, people } = await open(t);
      await admin.config('SET', 'maxmemory', '1');
      const handles = await endAll(people, 'note');
      await assertRefused(people, desk);
      const { erased } = people;
      const gone = await erased.change('/privacy/erase', { confirm: person('erased').email });
      assert.equal(gone.status, 303);
      assert.ok(await isOut(erased));
      assert.equal(await desk.store.people.read(person('erased').id), undefined);
      await admin.config('SET', 'maxmemory', '0');
      await assertRecorded(desk, [...handles, erased.handle]);
    });

    test('a full Redis when the id is due for rotation: signing out still works', async (t) => {
      const { desk, admin, people } = await open(t);
      await admin.config('SET', 'maxmemory', '1');
      desk.advance(16 * 60_000);
      assert.equal((await people.laptop.browser.ask('/dashboard')).status, 200, 'reading goes on');
      assert.equal((await people.leaver.change('/logout')).status, 303);
      assert.ok(await isOut(people.leaver));
    });

    for (const [what, on, off] of [
      ['a Redis that only reads', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
      [
        'a Redis whose replicas are missing',
        ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
        ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
      ],
    ] as const) {
      test(`${what}: refused by this server immediately, ended in the store as soon as possible`, async (t) => {
        const { desk, admin, people } = await open(t);
        const [first, ...rest] = on;
        await admin.call(first, ...rest);
        const handles = await endAll(people, 'row');
        await assertRefused(people, desk);
        const [back, ...again] = off;
        await admin.call(back, ...again);
        await assertRecorded(desk, handles);
      });
    }

    test('only the record in Redis cannot be written', async (t) => {
      const { desk, admin, people } = await open(t);
      const [name = ''] = (await admin.keys('*{record}:*')).filter((key) => key.endsWith(':head'));
      await admin.rename(name, `${name}-away`);
      await admin.rpush(name, 'not a head');
      const handles = await endAll(people, 'note');
      await assertRefused(people, desk);
      await admin.del(name);
      await admin.rename(`${name}-away`, name);
      await assertRecorded(desk, handles);
    });

    test('Redis is unavailable: signing out works, and the sessions are ended once it returns', async (t) => {
      const { desk, people } = await open(t);
      const { child } = desk.redis ?? assert.fail();
      process.kill(child.pid, 'SIGSTOP');
      t.after(() => child.running() && process.kill(child.pid, 'SIGCONT'));
      const gone = await people.leaver.change('/logout');
      assert.equal(gone.status, 303);
      assert.match(gone.location ?? '', /^\/oauth2\/sign_out\?rd=.*follows%3Drow$/);
      assert.ok(gone.setCookies.some((line) => /session=;.*Max-Age=0/.test(line)));
      const stranger = await desk
        .browser(person('x'))
        .ask('/logout', { method: 'POST', headers: { origin: desk.origin } });
      assert.notEqual(stranger.status, 303, 'without a signed cookie there is nothing to sign out');
      process.kill(child.pid, 'SIGCONT');
      await waitFor('the end', async () => {
        const row = await desk.store.sessions.findByHandle(people.leaver.handle).catch(() => undefined);
        return row?.ended?.reason === 'signed_out';
      });
    });
  });

if (storeKinds.includes('sqlite'))
  suite('an ending is never refused: SQLite', () => {
    test('another program holds the lock: refused immediately, ended in the file as soon as possible', async (t) => {
      const desk = await also(t, { store: 'sqlite' });
      const people = await crowd(desk);
      const other = new DatabaseSync(join(desk.dataDir, 'gatehouse.db'));
      t.after(() => other.close());
      other.exec('BEGIN EXCLUSIVE');
      const gone = await people.leaver.change('/logout');
      assert.match(gone.location ?? '', /follows%3Drow$/);
      assert.ok(await isOut(people.leaver));
      other.exec('ROLLBACK');
      await assertRecorded(desk, [people.leaver.handle]);
    });

    test('a full disk: the person is signed out, and the record has it once there is space', {
      skip: !canMount(),
    }, async (t) => {
      const disk = mkdtempSync(join(tmpdir(), 'gatehouse-disk-'));
      run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
      const before = process.env['TMPDIR'];
      t.after(() => {
        process.env['TMPDIR'] = before ?? '';
        if (before === undefined) Reflect.deleteProperty(process.env, 'TMPDIR');
        run('umount', ['-l', disk]);
        rmSync(disk, { recursive: true, force: true });
      });
      process.env['TMPDIR'] = disk;
      const desk = await also(t, { store: 'sqlite' });
      const people = await crowd(desk);
      // A write-ahead log that has grown could be overwritten in place: after truncating it there is no room for anything.
      await desk.store.scrub();
      fill(join(disk, 'full'));
      const handles = await endAll(people, 'row');
      await assertRefused(people, desk);
      rmSync(join(disk, 'full'));
      await assertRecorded(desk, handles);
    });
  });

function canMount(): boolean {
  return process.getuid?.() === 0 && existsSync('/usr/bin/mount');
}

function fill(path: string): void {
  for (const bytes of [1 << 20, 1 << 16, 1 << 12]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(bytes, 1), { flag: 'a' });
    } catch {
      // Smaller blocks may still fit.
    }
  }
}

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: 'ignore' });
}
