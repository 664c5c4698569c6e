// The store contract, tested on both backends.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, suite, test } from 'node:test';
import fc from 'fast-check';
import { type PrivateRedis, startRedis } from '../../test/support/redis.ts';
import { need } from '../../test/support/requirement.ts';
import { randomToken } from '../crypto/tokens.ts';
import { type SignIn, type Store, StoreUnavailable } from './contract.ts';
import type { SessionRow } from './contract-sessions.ts';
import { createRedisStore } from './redis.ts';
import { connectRedis } from './redis-client.ts';
import { aclRules } from './redis-rights.ts';
import { openSqliteStore } from './sqlite.ts';

const now = Date.now();
const hour = 3_600_000;

function rowOf(more: Partial<SessionRow> = {}): SessionRow {
  return {
    key: randomToken(16),
    handle: randomToken(9),
    personId: 'p1',
    email: 'a@example.org',
    idHash: randomToken(),
    idIssuedAt: now,
    createdAt: now,
    lastSeenAt: now,
    expiresAt: now + hour,
    data: { device: { browser: 'Firefox' } },
    ...more,
  };
}

function contract(open: () => Promise<{ store: Store; close(): Promise<void> }>): void {
  let store: Store;
  let close: () => Promise<void>;
  before(async () => {
    ({ store, close } = await open());
  });
  after(() => close());

  test('a session reads back as it was created, and unknown ids are undefined', async () => {
    const row = rowOf();
    assert.equal(await store.sessions.create(row), true);
    assert.deepEqual(await store.sessions.read(row.key), row);
    assert.equal(await store.sessions.read(randomToken()), undefined);
  });

  test('an id is used once: create never overwrites a live or an ended session', async () => {
    const row = rowOf();
    await store.sessions.create(row);
    assert.equal(await store.sessions.create({ ...row, handle: randomToken(9), personId: 'p2' }), false);
    await store.sessions.end(row.key, { at: now, reason: 'signed_out' });
    assert.equal(await store.sessions.create({ ...row, handle: randomToken(9), personId: 'p2' }), false);
    assert.equal((await store.sessions.read(row.key))?.personId, 'p1');
  });

  test('journal lines are added once, and counted together with what they add', async () => {
    const journal = randomToken(9);
    const { record } = store;
    const last = async () => (await record.before(Number.POSITIVE_INFINITY, 1))[0]?.seq ?? 0;
    const before = await last();
    const add = (from: number, to: number) =>
      record.appendOnce({ journal, from, to }, ({ last: end }) => {
        if (end === undefined) return undefined;
        const seq = (end?.seq ?? 0) + 1;
        const seal = randomToken(32);
        const text = JSON.stringify({ event: 'session.revoked', seq });
        return { rows: [{ seq, text, prev: seal, mac: seal }], head: JSON.stringify({ seq, seal }) };
      });
    assert.equal(await record.journaled(journal), 0);
    assert.ok(await add(0, 2));
    assert.equal(await record.journaled(journal), 2);
    assert.equal(await add(0, 2), undefined, 'who was slower adds nothing');
    assert.equal(await add(1, 3), undefined);
    assert.equal(await last(), before + 1);
    assert.ok(await add(2, 3));
    await record.dropJournal(journal);
    assert.equal(await record.journaled(journal), 0);
    assert.equal(await last(), before + 2);
  });

  test('an ended session stays ended: no update, touch or second end reaches it, and its data is gone', async () => {
    const row = rowOf();
    await store.sessions.create(row);
    assert.equal(await store.sessions.end(row.key, { at: now + 5, reason: 'idle' }), true);
    assert.equal(await store.sessions.update(row.key, { staySignedIn: true }), false);
    assert.equal(await store.sessions.touch(row.key, now + 10), false);
    assert.equal(await store.sessions.end(row.key, { at: now + 20, reason: 'signed_out' }), false);
    const ended = await store.sessions.read(row.key);
    assert.deepEqual(ended?.ended, { at: now + 5, reason: 'idle' });
    assert.deepEqual(ended?.data, {});
    assert.equal(ended?.lastSeenAt, now);
  });

  test('nothing brings a missing session back', async () => {
    const key = randomToken();
    assert.equal(await store.sessions.update(key, { a: 1 }), false);
    assert.equal(await store.sessions.touch(key, now), false);
    assert.equal(await store.sessions.end(key, { at: now, reason: 'idle' }), false);
    assert.equal(await store.sessions.read(key), undefined);
  });

  test('updates merge key by key: none of sixteen concurrent ones is lost', async () => {
    const row = rowOf({ data: { kept: 'yes', gone: 1 } });
    await store.sessions.create(row);
    const keys = Array.from({ length: 16 }, (_, i) => `key${i}`);
    const done = await Promise.all(keys.map((key) => store.sessions.update(row.key, { [key]: key })));
    assert.ok(done.every(Boolean));
    await store.sessions.update(row.key, { gone: undefined });
    const expected = { kept: 'yes', ...Object.fromEntries(keys.map((key) => [key, key])) };
    assert.deepEqual((await store.sessions.read(row.key))?.data, expected);
  });

  test('the last-seen time only moves forward', async () => {
    const row = rowOf();
    await store.sessions.create(row);
    assert.equal(await store.sessions.touch(row.key, now + 50), true);
    assert.equal(await store.sessions.touch(row.key, now + 20), true);
    assert.equal((await store.sessions.read(row.key))?.lastSeenAt, now + 50);
  });

  test('of many concurrent calls that end a session, exactly one succeeds', async () => {
    const row = rowOf();
    await store.sessions.create(row);
    const ends = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        store.sessions.end(row.key, { at: now + i, reason: 'signed_out' }),
      ),
    );
    assert.equal(ends.filter(Boolean).length, 1);
  });

  test('whatever runs at the same time, nothing is accepted after an end', async () => {
    const step = fc.constantFrom('update', 'touch', 'end', 'create', 'read');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
        const row = rowOf();
        await store.sessions.create(row);
        const { sessions } = store;
        const running = [...steps, 'end'].map((name, i) => {
          switch (name) {
            case 'update':
              return sessions.update(row.key, { [`k${i}`]: i });
            case 'touch':
              return sessions.touch(row.key, now + i);
            case 'create':
              return sessions.create({ ...row, handle: randomToken(9) });
            case 'end':
              return sessions.end(row.key, { at: now, reason: 'signed_out' });
            default:
              return sessions.read(row.key);
          }
        });
        await Promise.all(running);
        const after = await sessions.read(row.key);
        assert.ok(after?.ended);
        assert.equal(await sessions.update(row.key, { late: true }), false);
      }),
      { numRuns: 100 },
    );
  });

  test('a visitor has a row only after choosing; choices merge', async () => {
    const id = randomToken();
    assert.equal(await store.visitors.read(id, now), undefined);
    assert.equal(await store.visitors.choose(id, { theme: 'dark' }, now, now + hour), true);
    assert.equal(await store.visitors.choose(id, { noticeSeen: true }, now, now + hour), true);
    assert.deepEqual(await store.visitors.read(id, now), {
      state: 'live',
      choices: { theme: 'dark', noticeSeen: true },
    });
  });

  test('a retired visitor id is invalid, its choices are gone, and it cannot choose again', async () => {
    const [chose, never] = [randomToken(), randomToken()];
    await store.visitors.choose(chose, { theme: 'light' }, now, now + hour);
    for (const id of [chose, never]) {
      await store.visitors.retire(id, now, now + hour);
      await store.visitors.retire(id, now, now + hour);
      assert.deepEqual(await store.visitors.read(id, now), { state: 'retired' });
      assert.equal(await store.visitors.choose(id, { theme: 'dark' }, now, now + hour), false);
      assert.deepEqual(await store.visitors.read(id, now), { state: 'retired' });
    }
  });

  test('a person is known after the first sign-in; each sign-in returns the previous one', async () => {
    const id = randomToken(9);
    const first: SignIn = {
      at: now,
      device: { browser: 'Firefox', os: 'Linux', kind: 'desktop' },
      network: '192.0.2.1',
    };
    assert.equal(await store.people.read(id), undefined);
    await store.people.choose(id, { theme: 'dark' });
    assert.equal(await store.people.read(id), undefined);
    assert.equal(await store.people.signIn(id, 'a@example.org', first, { theme: 'light' }), undefined);
    const second = { ...first, at: now + 1 };
    const before = await store.people.signIn(id, 'b@example.org', second, {
      theme: 'dark',
      noticeSeen: true,
    });
    assert.deepEqual(before, first);
    // The person's own choices are kept; the visitor's choices fill in the rest.
    const expected = {
      id,
      email: 'b@example.org',
      choices: { theme: 'light', noticeSeen: true },
      lastSignIn: second,
    };
    assert.deepEqual(await store.people.read(id), expected);
    await store.people.choose(id, { theme: 'auto' });
    assert.equal((await store.people.read(id))?.choices.theme, 'auto');
  });

  test('a claim from before the clock was set back does not last until the clock has caught up', async () => {
    await store.claims.claim('d', 'dead owner', now, now + hour);
    assert.equal(await store.claims.claim('d', 'early', now, now + hour / 2), 'dead owner');
    assert.equal(await store.claims.claim('d', 'next', now, now + 1_000), 'next');
  });

  test('of many concurrent claims one value wins; it can be released', async () => {
    const key = randomToken();
    const values = Array.from({ length: 8 }, (_, i) => `v${i}`);
    const got = await Promise.all(values.map((value) => store.claims.claim(key, value, now, now + hour)));
    assert.equal(new Set(got).size, 1);
    await store.claims.release(key);
    assert.equal(await store.claims.claim(key, 'later', now, now + hour), 'later');
  });

  test('an id is replaced once, whoever tries at the same time', async () => {
    const row = rowOf();
    await store.sessions.create(row);
    const rotations = Array.from({ length: 8 }, (_, i) => ({
      fromHash: row.idHash,
      toHash: `to${i}`,
      salt: `s${i}`,
      at: now + i,
    }));
    const done = await Promise.all(rotations.map((rotation) => store.sessions.rotate(row.key, rotation)));
    assert.equal(done.filter(Boolean).length, 1);
    const winner = rotations[done.indexOf(true)];
    const after = await store.sessions.read(row.key);
    assert.equal(after?.idHash, winner?.toHash);
    assert.equal(after?.idIssuedAt, winner?.at);
    assert.deepEqual(after?.previous, { idHash: row.idHash, salt: winner?.salt });
  });

  test('the use of a successor is noted once, only for the valid id', async () => {
    const row = rowOf();
    await store.sessions.create(row);
    await store.sessions.successorSeen(row.key, row.idHash, now);
    assert.equal((await store.sessions.read(row.key))?.previous, undefined);
    await store.sessions.rotate(row.key, { fromHash: row.idHash, toHash: 'b', salt: 's', at: now });
    await store.sessions.successorSeen(row.key, row.idHash, now + 1);
    assert.equal((await store.sessions.read(row.key))?.previous?.successorSeenAt, undefined);
    await store.sessions.successorSeen(row.key, 'b', now + 2);
    await store.sessions.successorSeen(row.key, 'b', now + 3);
    assert.equal((await store.sessions.read(row.key))?.previous?.successorSeenAt, now + 2);
  });

  test('an ended session’s id is not replaced, nor noted as seen', async () => {
    const row = rowOf();
    await store.sessions.create(row);
    await store.sessions.rotate(row.key, { fromHash: row.idHash, toHash: 'a', salt: 's', at: now });
    await store.sessions.end(row.key, { at: now, reason: 'revoked', by: 'o@example.org' });
    const rotation = { fromHash: 'a', toHash: 'b', salt: 's', at: now };
    assert.equal(await store.sessions.rotate(row.key, rotation), false);
    await store.sessions.successorSeen(row.key, 'a', now);
    const { ended, previous } = (await store.sessions.read(row.key)) ?? {};
    assert.deepEqual(ended, { at: now, reason: 'revoked', by: 'o@example.org' });
    assert.equal(previous?.successorSeenAt, undefined);
  });

  test('a session is found by its handle, and a person’s live ones are listed, newest first', async () => {
    const personId = randomToken(9);
    const rows = [3, 1, 2].map((n) => rowOf({ personId, createdAt: now + n }));
    const [over, ended] = [rowOf({ personId, expiresAt: now + 50 }), rowOf({ personId })];
    for (const row of [...rows, over, ended, rowOf()]) await store.sessions.create(row);
    await store.sessions.end(ended.key, { at: now, reason: 'revoked' });
    const listed = await store.sessions.ofPerson(personId, now + 100);
    assert.deepEqual(
      listed.map((row) => row.createdAt),
      [now + 3, now + 2, now + 1],
    );
    assert.deepEqual(await store.sessions.findByHandle(rows[0]?.handle ?? ''), rows[0]);
    assert.ok((await store.sessions.findByHandle(ended.handle))?.ended);
    assert.equal(await store.sessions.findByHandle('nobody'), undefined);
    assert.deepEqual(await store.sessions.ofPerson('nobody', now), []);
  });

  test('notes are replaced, expire and are removed', async () => {
    const key = randomToken();
    assert.equal(await store.notes.read(key, now), undefined);
    await store.notes.write(key, { a: [1] }, now + hour);
    await store.notes.write(key, { a: [2] }, now + hour);
    assert.deepEqual(await store.notes.read(key, now), { a: [2] });
    await store.notes.remove(key);
    assert.equal(await store.notes.read(key, now), undefined);
  });

  test('counts of a day add up, also concurrent ones; another day has its own', async () => {
    const [day, other] = ['2026-11-23', '2026-11-24'];
    const end = now + 60 * 24 * hour;
    assert.deepEqual(await store.counters.read([day]), [{}]);
    await Promise.all(Array.from({ length: 20 }, () => store.counters.add(day, { a: 2, 'b.c': 1 }, end)));
    await store.counters.add(day, {}, end);
    await store.counters.add(other, { a: 1 }, end);
    assert.deepEqual(await store.counters.read([other, '2026-11-22', day]), [
      { a: 1 },
      {},
      { a: 40, 'b.c': 20 },
    ]);
  });

  test('a raised counter keeps the highest', async () => {
    const day = '2026-11-20';
    const end = now + hour;
    for (const n of [3, 7, 5]) await store.counters.raise(day, 'live', n, end);
    assert.deepEqual(await store.counters.read([day]), [{ live: 7 }]);
  });

  test('a fact about the store is created once: of many concurrent writers the first one’s value is kept', async () => {
    const name = randomToken(6);
    assert.equal(await store.facts.read(name), undefined);
    const values = Array.from({ length: 8 }, (_, i) => `v${i}`);
    const kept = await Promise.all(values.map((value) => store.facts.create(name, value)));
    assert.equal(new Set(kept).size, 1);
    assert.equal(await store.facts.create(name, 'later'), kept[0]);
    assert.equal(await store.facts.read(name), kept[0]);
    assert.equal(await store.facts.read(`${name}2`), undefined);
  });

  test('a fact about the store is replaced only by a writer who knows the present value', async () => {
    const name = randomToken(6);
    assert.equal(await store.facts.replace(name, '', 'new'), false);
    assert.equal(await store.facts.read(name), undefined);
    await store.facts.create(name, 'a');
    assert.equal(await store.facts.replace(name, 'b', 'c'), false);
    assert.equal(await store.facts.read(name), 'a');
    const values = Array.from({ length: 8 }, (_, i) => `v${i}`);
    const done = await Promise.all(values.map((value) => store.facts.replace(name, 'a', value)));
    assert.equal(done.filter(Boolean).length, 1);
    assert.equal(await store.facts.read(name), values[done.indexOf(true)]);
    assert.equal(
      await store.purge(now + 100 * 365 * 24 * hour).then(() => store.facts.read(name)),
      values[done.indexOf(true)],
    );
  });

  test('everything kept about a person is found, and can be forgotten, without affecting anyone else', async () => {
    const [live, over, foreign] = [
      rowOf({ personId: 'forget-me' }),
      rowOf({ personId: 'forget-me', createdAt: now - 1 }),
      rowOf({ personId: 'somebody-else' }),
    ];
    for (const row of [live, over, foreign]) await store.sessions.create(row);
    await store.sessions.end(over.key, { at: now, reason: 'idle' });
    await store.notes.write('about-me', { device: 'x' }, now + hour, 'forget-me');
    await store.notes.write('about-else', 1, now + hour, 'somebody-else');
    await store.notes.write('about-nobody', 2, now + hour);
    const signIn: SignIn = {
      at: now - hour,
      device: { browser: 'B', os: 'O', kind: 'desktop' },
      network: '192.0.2.1',
    };
    await store.people.signIn('forget-me', 'forget@example.org', signIn, {});
    await store.people.signIn('somebody-else', 'else@example.org', { ...signIn, at: now }, {});

    const handles = (await store.sessions.rowsOf('forget-me')).map(({ handle }) => handle);
    assert.deepEqual(handles, [live.handle, over.handle]);
    assert.deepEqual(await store.notes.ofPerson('forget-me', now), [
      { key: 'about-me', value: { device: 'x' } },
    ]);
    assert.deepEqual(await store.people.idsOf('forget@example.org'), ['forget-me']);
    const away = await store.people.awaySince(now, 10);
    assert.ok(away.includes('forget-me') && !away.includes('somebody-else'));
    assert.deepEqual(await store.people.awaySince(now - hour, 1), []);

    const before = await store.sessions.countLive(now);
    for (const forget of [store.sessions.forgetPerson, store.notes.forgetPerson, store.people.remove]) {
      await forget('forget-me');
      await forget('forget-me');
    }
    assert.equal(await store.sessions.countLive(now), before - 1);
    assert.deepEqual(await store.sessions.rowsOf('forget-me'), []);
    assert.deepEqual(await store.sessions.ofPerson('forget-me', now), []);
    assert.equal(await store.sessions.read(over.key), undefined);
    assert.equal(await store.sessions.findByHandle(live.handle), undefined);
    assert.deepEqual(await store.notes.ofPerson('forget-me', now), []);
    assert.equal(await store.notes.read('about-me', now), undefined);
    assert.equal(await store.people.read('forget-me'), undefined);
    assert.deepEqual(await store.people.idsOf('forget@example.org'), []);
    assert.deepEqual(await store.people.awaySince(now, 10), []);

    assert.deepEqual(await store.sessions.read(foreign.key), foreign);
    assert.equal(await store.notes.read('about-else', now), 1);
    assert.equal(await store.notes.read('about-nobody', now), 2);
    assert.deepEqual(await store.people.idsOf('else@example.org'), ['somebody-else']);
  });

  test('scrubbing the files can be requested', async () => {
    assert.equal(await store.scrub(), true);
  });

  test('ping answers', () => store.ping());
}

suite('the SQLite store', () => {
  contract(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-store-'));
    const store = openSqliteStore(join(folder, 'data'));
    return {
      store,
      async close() {
        await store.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  });

  test('its folder and files are private to the owner, even under a lax umask', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-store-'));
    const umask = process.umask(0);
    const store = openSqliteStore(join(folder, 'data'));
    process.umask(umask);
    await store.sessions.create(rowOf());
    assert.equal(statSync(join(folder, 'data')).mode & 0o777, 0o700);
    const files = readdirSync(join(folder, 'data'));
    assert.deepEqual(files.sort(), ['gatehouse.db', 'gatehouse.db-shm', 'gatehouse.db-wal']);
    for (const file of files) assert.equal(statSync(join(folder, 'data', file)).mode & 0o777, 0o600, file);
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('purge removes what has expired, in batches, and nothing else', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-store-'));
    const store = openSqliteStore(folder);
    for (let i = 0; i < 450; i++) await store.sessions.create(rowOf({ expiresAt: now + 10 }));
    const kept = rowOf();
    await store.sessions.create(kept);
    await store.notes.write('n', 1, now + 10);
    await store.visitors.choose('v', { theme: 'dark' }, now, now + 10);
    await store.claims.claim('c', 'x', now, now + 10);
    await store.counters.add('2026-01-01', { a: 1 }, now + 10);
    await store.counters.add('2026-01-02', { a: 1 }, now + 20);
    assert.equal(await store.purge(now + 11), 454);
    assert.deepEqual(await store.counters.read(['2026-01-01', '2026-01-02']), [{}, { a: 1 }]);
    assert.deepEqual(await store.sessions.read(kept.key), kept);
    assert.equal(await store.claims.claim('c', 'y', now + 11, now + 20), 'y');
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('an expired claim can be taken again', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-store-'));
    const store = openSqliteStore(folder);
    await store.claims.claim('c', 'first', now, now + 10);
    assert.equal(await store.claims.claim('c', 'second', now + 9, now + 20), 'first');
    assert.equal(await store.claims.claim('c', 'third', now + 10, now + 20), 'third');
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('what expires at an instant is gone at that instant, and nothing is left of a retired visitor', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-store-'));
    const store = openSqliteStore(folder);
    const row = rowOf({ expiresAt: now + 10 });
    await store.sessions.create(row);
    await store.visitors.choose('v', { theme: 'dark' }, now, now + 10);
    await store.notes.write('n', 1, now + 10, 'p1');
    const live = async (at: number) => [
      (await store.sessions.ofPerson('p1', at)).length,
      (await store.visitors.read('v', at))?.state,
      await store.notes.read('n', at),
      (await store.notes.ofPerson('p1', at)).length,
    ];
    assert.deepEqual(await live(now + 9), [1, 'live', 1, 1]);
    assert.deepEqual(await live(now + 10), [0, undefined, undefined, 0]);
    await store.visitors.retire('v', now, now + 20);
    const database = new DatabaseSync(join(folder, 'gatehouse.db'), { readOnly: true });
    assert.deepEqual(database.prepare('SELECT choices FROM visitor').all(), [
      Object.assign(Object.create(null), { choices: '{}' }),
    ]);
    database.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a closed database is an outage, not a missing session', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-store-'));
    const store = openSqliteStore(folder);
    await store.close();
    await assert.rejects(store.sessions.read('x'), StoreUnavailable);
    await assert.rejects(store.ping(), StoreUnavailable);
    rmSync(folder, { recursive: true, force: true });
  });
});

suite('the Redis store', await need('redis-server'), () => {
  let redis: PrivateRedis;
  contract(async () => {
    redis = await startRedis();
    const store = createRedisStore(connectRedis(redis.url, () => {}));
    return {
      store,
      async close() {
        await store.close();
        await redis.close();
      },
    };
  });

  test('every key expires, except a person’s, the record’s, the indexes and the facts about the store', async (t) => {
    const client = connectRedis(redis.url, () => {});
    t.after(() => client.disconnect());
    for (const key of await client.keys('*')) {
      // The indexes over all sessions do not expire; they are purged.
      const forGood =
        /^gatehouse:(store$|person|people|\{record\}:|sessions:(seen|created|email|expiry)$)/.test(key);
      assert.equal((await client.pttl(key)) > 0, !forGood, key);
    }
  });

  test('nothing is left of a person’s earlier addresses, nor of a retired visitor’s choices', async (t) => {
    const client = connectRedis(redis.url, () => {});
    t.after(() => client.disconnect());
    const { people, visitors } = createRedisStore(client);
    const signIn: SignIn = {
      at: now,
      device: { browser: 'Firefox', os: 'Linux', kind: 'desktop' },
      network: '',
    };
    await people.signIn('moved', 'former@example.org', signIn, {});
    await people.signIn('moved', 'present@example.org', signIn, {});
    await people.remove('moved');
    for (const name of ['former', 'present']) assert.deepEqual(await client.keys(`*${name}@*`), []);
    await visitors.choose('left', { theme: 'dark' }, now, now + hour);
    await visitors.retire('left', now, now + hour);
    assert.deepEqual(await client.hgetall('gatehouse:visitor:left'), { retired: '1' });
  });

  test('which notes belong to a person is known for as long as the last of them', async (t) => {
    const client = connectRedis(redis.url, () => {});
    t.after(() => client.disconnect());
    const { notes } = createRedisStore(client);
    for (const [personId, write] of [
      ['written', notes.write],
      ['written at an ending', notes.writeEnding],
    ] as const) {
      for (const hours of [1, 3, 2]) await write(`${hours} hours`, 1, now + hours * hour, personId);
      const left = await client.pttl(`gatehouse:notes:of:${personId}`);
      assert.ok(left > 2.5 * hour && left <= 3 * hour, String(left));
    }
  });

  test('an outage is an outage, not a missing session, and ends by itself', async () => {
    const store = createRedisStore(connectRedis(redis.url, () => {}));
    const row = rowOf();
    await redis.kill();
    await assert.rejects(store.sessions.read(row.key), StoreUnavailable);
    await redis.restart();
    for (let tries = 0; ; tries++) {
      const up = await store.ping().then(
        () => true,
        () => false,
      );
      if (up) break;
      assert.ok(tries < 50, 'the store did not come back');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal(await store.sessions.create(row), true);
    await store.close();
  });
});

suite('the Redis store as the user of docs/redis.md', await need('redis-server'), () => {
  let redis: PrivateRedis;
  contract(async () => {
    redis = await startRedis([`user desk on >pw ${aclRules('desk2:', undefined, ['needed']).join(' ')}`]);
    const client = connectRedis(`redis://desk:pw@127.0.0.1:${redis.port}/1`, () => {});
    const store = createRedisStore(client, { prefix: 'desk2:' });
    return {
      store: { ...store, scrub: async () => !(await store.scrub()) },
      async close() {
        const admin = connectRedis(redis.url, () => {});
        const refused = (await admin.call('ACL', 'LOG')) as string[][];
        admin.disconnect();
        await store.close();
        await redis.close();
        const commands = refused.map((entry) => entry[entry.indexOf('object') + 1]);
        assert.deepEqual(new Set(commands), new Set(['info', 'bgsave']), 'the optional ones alone');
      },
    };
  });
});
