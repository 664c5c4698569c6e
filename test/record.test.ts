// The recorder: what is written, about whom, what happens if it cannot be written, and how it is read again.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { createAliases } from '../src/audit/aliases.ts';
import { recordKeys } from '../src/audit/chain.ts';
import { bodyOf, type Entry, type EntryBody, readEntry } from '../src/audit/entry.ts';
import type { EventName } from '../src/audit/events.ts';
import { pruneRecord } from '../src/audit/prune.ts';
import { createReader, type RecordItem } from '../src/audit/reader.ts';
import { type RecordedEvent, RecordUnavailable } from '../src/audit/recorder.ts';
import { sealGroup } from '../src/audit/seal-group.ts';
import { verifyRecord } from '../src/audit/verify.ts';
import type { Store } from '../src/store/contract.ts';
import type { RecordTable } from '../src/store/contract-record.ts';
import { connectRedis } from '../src/store/redis-client.ts';
import {
  dayMs,
  key,
  listeningLogger,
  onBothStores,
  otherKey,
  type RecordPlace,
  recorderOver,
} from './support/record.ts';

const keys = recordKeys([key]);
const ann = { id: 'subject-ann', email: 'Ann@example.org' };
const bob = { id: 'subject-bob', email: 'bob@example.org' };

async function entriesOf({ record }: Store): Promise<Entry[]> {
  const rows = await record.after(0, 10_000);
  return rows.map(({ text }) => readEntry(text)).filter((entry) => entry !== undefined);
}

await onBothStores('the recorder', (open) => {
  let place: RecordPlace;
  before(async () => {
    place = await open();
  });
  after(() => place.close());

  test('an entry says who, what, when, from where and how it went, without e-mail or full network addresses', async () => {
    const at = Date.UTC(2026, 9, 30, 12);
    const logger = listeningLogger();
    const recorder = recorderOver(place.store, { now: () => at, logger });
    await recorder.write({
      event: 'session.revoked',
      person: ann,
      by: bob,
      reason: 'revoked_by_operator',
      session: 'handle123456',
      network: '::ffff:203.0.113.9',
      requestId: 'req1',
      facts: { browser: 'Firefox', note: 'asked for by ann@example.org' },
    });
    await recorder.close();
    const [entry] = await entriesOf(place.store);
    const { who, by, kid, ...rest } = entry as Entry;
    assert.deepEqual(rest, {
      v: 1,
      seq: 1,
      at: '2026-10-30T12:00:00.000Z',
      event: 'session.revoked',
      outcome: 'done',
      reason: 'revoked_by_operator',
      session: 'handle123456',
      network: '203.0.113.x',
      requestId: 'req1',
      facts: { browser: 'Firefox', note: 'asked for by (address)' },
    });
    assert.equal(kid, keys[0]?.kid);
    assert.match(`${who} ${by}`, /^[\w-]{22} [\w-]{22}$/);
    assert.notEqual(who, by);
    assert.deepEqual(logger.heard, [
      {
        level: 'info',
        line: {
          event: 'session.revoked',
          reason: 'revoked_by_operator',
          handle: 'handle123456',
          reqId: 'req1',
          browser: 'Firefox',
          note: 'asked for by (address)',
        },
      },
    ]);
  });

  test('alarms and refusals are warnings in the log', () => {
    const logger = listeningLogger();
    const recorder = recorderOver(place.store, { logger });
    recorder.note({ event: 'gate.untrusted', outcome: 'refused', network: '198.51.100.1' });
    recorder.note({ event: 'session.rotated', outcome: 'refused' });
    recorder.note({ event: 'session.rotated' });
    assert.deepEqual(
      logger.heard.map(({ level }) => level),
      ['warn', 'warn', 'info'],
    );
    return recorder.close();
  });

  test('a person has one pseudonym by id, and those by address belong to them too, until they are forgotten', async () => {
    const recorder = recorderOver(place.store);
    const aliases = createAliases(place.store.aliases);
    const carl = { id: 'subject-carl', email: 'carl@example.org' };
    await recorder.write({ event: 'access.added', person: { email: 'Carl@Example.org' }, by: ann });
    await recorder.write({ event: 'session.created', person: carl });
    await recorder.write({ event: 'access.removed', person: { email: carl.email }, by: 'terminal' });
    const all = await aliases.all(carl);
    assert.equal(all.length, 2);
    assert.deepEqual(new Set(await aliases.all({ email: carl.email })), new Set(all));
    const page = await createReader(place.store).page({ limit: 10, person: carl });
    assert.deepEqual(
      page.items.map(({ entry }) => entry?.event),
      ['access.removed', 'session.created', 'access.added'],
    );
    assert.deepEqual(page.items[0]?.who, carl);
    assert.equal(page.items[0]?.by, 'terminal');
    assert.equal(await aliases.forget(carl), 2);
    assert.deepEqual(await aliases.all(carl), []);
    assert.deepEqual((await createReader(place.store).page({ limit: 10, person: carl })).items, []);
    assert.equal((await verifyRecord({ record: place.store.record, keys })).state, 'intact');
    // Somebody who comes back gets a new pseudonym.
    await recorder.write({ event: 'session.created', person: carl });
    assert.equal(all.includes((await aliases.all(carl))[0] ?? ''), false);
    await recorder.close();
  });

  test('an address that changed hands leads to its present owner, and each person to their own entries', async () => {
    const recorder = recorderOver(place.store);
    const reader = createReader(place.store);
    await recorder.write({ event: 'session.created', person: { id: 'first', email: 'shared@example.org' } });
    await recorder.write({ event: 'session.created', person: { id: 'second', email: 'shared@example.org' } });
    await recorder.write({ event: 'session.created', person: { id: 'first', email: 'moved@example.org' } });
    const count = async (person: { id?: string; email?: string }) =>
      (await reader.page({ limit: 10, person })).items.length;
    assert.deepEqual(
      [
        await count({ id: 'first' }),
        await count({ id: 'second' }),
        await count({ email: 'shared@example.org' }),
      ],
      [2, 1, 1],
    );
    await recorder.close();
  });

  test('any event becomes one short line of JSON that reads back unchanged', async () => {
    const start = (await place.store.record.before(Number.POSITIVE_INFINITY, 1))[0]?.seq ?? 0;
    const recorder = recorderOver(place.store);
    const nasty = fc.oneof(
      fc.array(fc.nat(0xffff), { maxLength: 60 }).map((codes) => String.fromCharCode(...codes)),
      fc.constantFrom(
        'a\nb\r\n{"v":1}',
        '\u2028\u2029',
        '\u001b[2J\u009b31m',
        '\ud800',
        '\u202e',
        'x'.repeat(1e6),
        '__proto__',
        '"},"mac":"',
      ),
    );
    const events: RecordedEvent[] = fc.sample(
      fc.record({
        event: fc.constant<EventName>('session.created'),
        reason: nasty,
        session: nasty,
        network: nasty,
        requestId: nasty,
        facts: fc.dictionary(nasty, fc.oneof(nasty, fc.double(), fc.boolean())),
      }),
      150,
    );
    await Promise.all(events.map((event) => recorder.write(event)));
    const rows = await place.store.record.after(start, 1_000);
    assert.equal(rows.length, events.length);
    rows.forEach(({ text }, i) => {
      assert.doesNotMatch(text, /[\p{Cc}\p{Cf}\u2028\u2029\ud800]/u);
      assert.ok(text.length < 40_000, `${text.length}`);
      const entry = readEntry(text);
      assert.equal(entry?.event, 'session.created');
      const reason = events[i]?.reason ?? '';
      if (!reason.includes('@')) assert.equal(entry?.reason, reason.slice(0, 100));
      assert.equal(entry?.network, undefined);
    });
    assert.equal((await verifyRecord({ record: place.store.record, keys })).state, 'intact');
    await recorder.close();
  });

  test('refusals of one network make two entries in a minute, then ever fewer, and many networks one more', async (t) => {
    const own = await open();
    t.after(() => own.close());
    const { record } = own.store;
    let at = Date.now();
    const recorder = recorderOver(own.store, { now: () => at });
    const refuse = (network: string) =>
      recorder.note({ event: 'csrf.rejected', outcome: 'refused', reason: 'origin', network, person: ann });
    for (let i = 0; i < 50; i++) refuse(`10.0.0.${i}`);
    for (let i = 0; i < 1_000; i++) refuse(`10.${1 + (i >> 8)}.${i & 255}.1`);
    at += 60_000;
    refuse('10.0.0.1');
    await recorder.flush();
    const made = (await record.after(0, 1_000)).map(({ text }) => readEntry(text));
    assert.equal(made.length, 200 + 2);
    const counted = made.filter((entry) => entry?.facts !== undefined);
    assert.deepEqual(
      counted.map((entry) => [entry?.network, entry?.reason, entry?.who, entry?.facts]),
      [
        ['10.0.0.x', undefined, undefined, { count: 49 }],
        [undefined, 'many networks', undefined, { count: 801 }],
      ],
    );

    // This goes on for a day, from one network and from ever new ones.
    for (let second = 0; second < 86_400; second += 20) {
      at += 20_000;
      refuse('10.0.0.1');
      refuse(`10.${second % 250}.${(second >> 8) % 250}.1`);
    }
    await recorder.flush();
    const more = (await record.after(made.length, 10_000)).map(({ text }) => readEntry(text));
    const same = more.filter((entry) => entry?.network === '10.0.0.x');
    assert.ok(same.length < 40, `${same.length} entries of one network in a day`);
    assert.ok(more.length <= 25 * 200 + 100, `${more.length} entries in a day`);
    const told = more.reduce((sum, entry) => sum + Number(entry?.facts?.['count'] ?? 1), 0);
    await recorder.close();
    assert.ok(told > 8_000, 'each one is told, alone or with others');
  });

  test('an older copy of the record under a running server is reported at the next entry, and stays reported', async (t) => {
    for (const kept of [3, 0]) {
      const own = await open();
      t.after(() => own.close());
      const recorder = recorderOver(own.store);
      const other = recorderOver(own.open());
      let putBack = await keepCopy(t, own);
      for (let i = 1; i <= 5; i++) {
        await (i % 2 === 1 ? recorder : other).write({ event: 'session.created' });
        if (i === kept) putBack = await keepCopy(t, own);
      }
      await putBack();
      await recorder.write({ event: 'session.created' });
      await other.write({ event: 'session.created' });
      await recorder.close();
      await other.close();
      const verdict = await verifyRecord({ record: own.store.record, keys: recordKeys([key]) });
      assert.ok(verdict.state === 'tampered');
      assert.deepEqual(verdict.first, { kind: 'truncated', seq: kept + 1, count: 5 - kept });
    }
  });

  test('keys change while it runs; only the entries of a removed one cannot be verified', async () => {
    let ring = [key];
    const recorder = recorderOver(place.store, { keys: () => ring });
    await recorder.write({ event: 'session.created' });
    ring = [otherKey, key];
    await recorder.write({ event: 'secret.rotated' });
    await recorder.write({ event: 'session.created' });
    await recorder.close();
    const { record } = place.store;
    assert.equal((await verifyRecord({ record, keys: recordKeys([otherKey, key]) })).state, 'intact');
    const verdict = await verifyRecord({ record, keys: recordKeys([otherKey]) });
    assert.deepEqual(verdict.state === 'tampered' && verdict.first.kind, 'key unknown');
    assert.equal(verdict.state === 'tampered' && verdict.findings, verdict.count - 2);
    ring = [key];
  });

  test('pages lead from the newest to the oldest, each entry once, with every filter', async () => {
    const recorder = recorderOver(place.store, { keys: () => [otherKey, key] });
    const dora = { id: 'subject-dora', email: 'dora@example.org' };
    for (let i = 0; i < 60; i++) {
      await recorder.write({
        event: i % 4 === 0 ? 'session.replayed' : 'session.created',
        person: i % 2 === 0 ? dora : bob,
        ...(i % 10 === 0 && { by: dora }),
        session: `dora-${i % 3}`,
      });
    }
    const reader = createReader(place.store);
    const walk = async (query: Omit<Parameters<typeof reader.page>[0], 'limit' | 'cursor'>) => {
      const found: RecordItem[] = [];
      let cursor: string | undefined;
      do {
        const page = await reader.page({ ...query, limit: 7, cursor });
        assert.ok(page.items.length <= 7);
        found.push(...page.items);
        cursor = page.next;
      } while (cursor !== undefined);
      const seqs = found.map(({ seq }) => seq);
      assert.deepEqual(
        seqs,
        [...new Set(seqs)].sort((a, b) => b - a),
      );
      return found.length;
    };
    const total = (await place.store.record.after(0, 10_000)).length;
    assert.equal(await walk({}), total);
    assert.equal(await walk({ person: dora }), 30);
    assert.equal(await walk({ person: { email: 'DORA@example.org' }, event: 'session.replayed' }), 15);
    assert.equal(await walk({ session: 'dora-1' }), 20);
    assert.equal(await walk({ session: 'dora-1', person: dora }), 10);
    assert.equal(await walk({ event: 'session.replayed' }), 15);
    assert.ok((await walk({ weight: 'alarm' })) >= 15);
    assert.equal(await walk({ person: { id: 'nobody' } }), 0);
    assert.equal(await walk({ from: Date.now() + dayMs }), 0);
    assert.equal(await walk({ to: Date.UTC(2026, 0, 1) }), 0);
    assert.equal(await walk({ from: Date.UTC(2020, 0, 1), to: Date.now() + dayMs }), total);
    await assert.rejects(reader.page({ limit: 5, cursor: 'nonsense' }), RangeError);
    await recorder.close();
  });

  test('a subscriber gets new entries', async () => {
    const reader = createReader(place.store);
    const recorder = recorderOver(place.store, { keys: () => [otherKey, key] });
    const heard: string[] = [];
    let hear: () => void = () => undefined;
    const stop = reader.subscribe((items) => {
      heard.push(...items.map(({ entry }) => entry?.session ?? ''));
      hear();
    });
    // The first read finds where the record ends.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const told = new Promise<void>((resolve) => {
      hear = resolve;
    });
    await recorder.write({ event: 'session.created', session: 'live-1' });
    await told;
    assert.deepEqual(heard, ['live-1']);
    stop();
    await recorder.close();
  });

  test('other work proceeds, however much is read, searched or removed', async (t) => {
    const own = await open();
    t.after(() => own.close());
    const { record } = own.store;
    const size = 3_000;
    const old = bodyOf({ event: 'session.created' }, Date.now() - 20 * dayMs, {
      who: undefined,
      by: undefined,
    });
    await record.append((end) => sealGroup(Array<EntryBody>(size).fill(old), end, keys, Date.now()));
    const reader = createReader(own.store);
    const turnsIn = async (work: () => Promise<unknown>) => {
      let turns = 0;
      let goesOn = true;
      const count = () => {
        turns += 1;
        if (goesOn) setImmediate(count);
      };
      setImmediate(count);
      await work();
      goesOn = false;
      return turns;
    };
    const search = async () => {
      for await (const items of reader.all({ event: 'vault.loaded' })) assert.equal(items.length, 0);
    };
    const page = () => reader.page({ limit: 50, weight: 'quiet' });
    const recorder = recorderOver(own.store, { retentionMs: 10 * dayMs });
    for (const work of [search, page, () => recorder.prune()]) {
      const turns = await turnsIn(work);
      assert.ok(turns >= 8, `${turns} turns`);
    }
    await recorder.close();
    assert.equal((await record.after(0, 10)).length, 2, 'the last one, and what tells of the others');
  });

  test('entries older than the retention period are removed from the front, and the rest verifies', async () => {
    let at = Date.now();
    const recorder = recorderOver(place.store, {
      now: () => at,
      keys: () => [otherKey, key],
      retentionMs: 10 * dayMs,
    });
    const { aliases } = place.store;
    const typed = 'only-typed@example.org';
    await recorder.write({ event: 'access.added', person: { email: typed }, by: ann });
    at += 11 * dayMs;
    const before = (await place.store.record.after(0, 10_000)).length;
    await recorder.write({ event: 'session.created', session: 'young' });
    await recorder.write({ event: 'access.removed', person: bob, by: ann });
    const known = [await aliases.bySubject(ann.id), await aliases.bySubject(bob.id)];
    assert.equal(await recorder.prune(), before);
    assert.deepEqual(
      await aliases.byEmail(typed),
      [],
      'nobody’s entries are left, and nothing says who it was',
    );
    assert.deepEqual([await aliases.bySubject(ann.id), await aliases.bySubject(bob.id)], known);
    await recorder.flush();
    const left = await entriesOf(place.store);
    assert.deepEqual(
      left.map(({ event }) => event),
      ['session.created', 'access.removed', 'record.pruned'],
    );
    const ring = recordKeys([otherKey, key]);
    assert.equal((await verifyRecord({ record: place.store.record, keys: ring })).state, 'intact');
    assert.equal(await recorder.prune(), 0);
    // The last entry stays, however old: the chain continues from it.
    at += 100 * dayMs;
    await recorder.prune();
    assert.equal((await entriesOf(place.store))[0]?.event, 'record.pruned');
    assert.equal((await verifyRecord({ record: place.store.record, keys: ring })).state, 'intact');
    await recorder.close();
  });

  test('entries that were edited to look old take nothing with them', async (t) => {
    const own = await open();
    t.after(() => own.close());
    const { record } = own.store;
    const recorder = recorderOver(own.store);
    for (let i = 0; i < 4; i++) await recorder.write({ event: 'session.created' });
    await recorder.close();
    const edited: RecordTable = {
      ...record,
      after: async (seq, limit) =>
        (await record.after(seq, limit)).map((row) =>
          row.seq < 3 ? { ...row, text: row.text.replace(/"at":"\d{4}/, '"at":"2001') } : row,
        ),
    };
    const now = Date.now();
    assert.equal(await pruneRecord(edited, keys, now - 10 * dayMs, now, async () => undefined), 0);
    assert.equal((await record.after(0, 10)).length, 4);
  });

  test('no address of a forgotten person is in what is kept', async () => {
    const secret = `${randomBytes(6).toString('hex')}@example.org`;
    const recorder = recorderOver(place.store, { keys: () => [otherKey, key] });
    await recorder.write({ event: 'session.created', person: { id: `id-${secret}`, email: secret } });
    await recorder.close();
    assert.equal(await createAliases(place.store.aliases).forget({ id: `id-${secret}`, email: secret }), 1);
    const rows = await place.store.record.after(0, 10_000);
    assert.equal(JSON.stringify(rows).includes(secret), false);
    assert.deepEqual(await place.store.aliases.byEmail(secret), []);
    assert.equal(await place.store.aliases.bySubject(`id-${secret}`), undefined);
  });

  test('without its store it refuses changes, keeps notes for later, and recovers by itself', async () => {
    const store = place.open();
    const logger = listeningLogger();
    const recorder = recorderOver(store, { logger, keys: () => [otherKey, key] });
    await recorder.write({ event: 'session.created' });
    await store.close();
    await assert.rejects(recorder.write({ event: 'session.revoked', requestId: 'r9' }), RecordUnavailable);
    recorder.note({ event: 'session.ended', reason: 'idle' });
    await recorder.flush();
    assert.equal(recorder.state().waiting, 1);
    assert.ok(recorder.state().lastFailureAt);
    assert.deepEqual(
      logger.heard
        .filter(({ level }) => level === 'error')
        .map(({ line }) => [line['event'], line['about'], line['reqId']]),
      [['record.unavailable', 'session.revoked', 'r9']],
    );
    await recorder.close();
    assert.equal(recorder.state().dropped, 1);
    await assert.rejects(recorder.write({ event: 'session.created' }), RecordUnavailable);
  });
});

/** Copies the record as it is now. @returns how to replace the current record with the copy */
async function keepCopy(t: TestContext, { address, store }: RecordPlace): Promise<() => Promise<void>> {
  if ('url' in address) {
    const client = connectRedis(address.url, () => undefined);
    t.after(() => client.disconnect());
    const names = await client.keys('gatehouse:{record}:*');
    for (const name of names) await client.copy(name, `kept-${name}`);
    return async () => {
      const there = await client.keys('gatehouse:{record}:*');
      if (there.length > 0) await client.del(...there);
      for (const name of names) await client.rename(`kept-${name}`, name);
    };
  }
  const head = await store.record.head();
  const count = (await store.record.after(0, 100)).length;
  return async () => {
    const db = new DatabaseSync(join(address.dataDir, 'gatehouse.db'), { timeout: 2_000 });
    db.prepare('DELETE FROM record WHERE seq > ?').run(count);
    if (head === undefined) db.exec('DELETE FROM record_mark');
    else db.prepare("UPDATE record_mark SET text = ? WHERE name = 'head'").run(head);
    db.close();
  };
}
