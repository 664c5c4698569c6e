// One contract, two backends: the record's entries and the pseudonyms.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AliasRow, RecordRow } from '../src/store/contract-record.ts';
import { onBothStores, type RecordPlace } from './support/record.ts';

const rowOf = (seq: number, names: object = {}): RecordRow => ({
  seq,
  text: JSON.stringify({ event: 'session.created', ...names }),
  prev: `p${seq}`,
  mac: `m${seq}`,
});
const numbers = (rows: readonly RecordRow[]) => rows.map(({ seq }) => seq);

await onBothStores('the record’s tables', (open) => {
  let place: RecordPlace;
  before(async () => {
    place = await open();
  });
  after(() => place.close());

  test('entries are added after the head that was seen, and read from both ends', async () => {
    const { record } = place.store;
    assert.equal(await record.head(), undefined);
    const seen: unknown[] = [];
    await record.append((end) => {
      seen.push(end);
      return end.last === undefined ? undefined : { rows: [rowOf(1), rowOf(2), rowOf(3)], head: 'h3' };
    });
    assert.deepEqual(seen, [{ head: undefined }, { head: undefined, last: null }]);
    await record.append((end) => {
      assert.deepEqual(end, { head: 'h3' });
      return { rows: [rowOf(4)], head: 'h4' };
    });
    await record.append((end) => {
      if (end.last === undefined) return undefined;
      assert.deepEqual(end, { head: 'h4', last: rowOf(4) });
      return { rows: [rowOf(5, { who: 'w', by: 'b', session: 's' })], head: 'h5' };
    });
    assert.equal(await record.head(), 'h5');
    assert.deepEqual(await record.after(0, 2), [rowOf(1), rowOf(2)]);
    assert.deepEqual(numbers(await record.after(3, 10)), [4, 5]);
    assert.deepEqual(numbers(await record.before(Number.POSITIVE_INFINITY, 2)), [5, 4]);
    assert.deepEqual(numbers(await record.before(3, 10)), [2, 1]);
    assert.deepEqual(numbers(await record.before(1, 10)), []);
  });

  test('an entry is found by each of its names, newest first', async () => {
    const { record } = place.store;
    const rows = [6, 7, 8].map((seq) => rowOf(seq, { event: 'csrf.rejected', who: 'w', session: `s${seq}` }));
    await record.append(() => ({ rows, head: 'h8' }));
    const infinity = Number.POSITIVE_INFINITY;
    assert.deepEqual(numbers(await record.before(infinity, 9, ['event', 'csrf.rejected'])), [8, 7, 6]);
    assert.deepEqual(numbers(await record.before(infinity, 2, ['who', 'w'])), [8, 7]);
    assert.deepEqual(numbers(await record.before(7, 9, ['who', 'w'])), [6, 5]);
    assert.deepEqual(numbers(await record.before(infinity, 9, ['by', 'b'])), [5]);
    assert.deepEqual(numbers(await record.before(infinity, 9, ['session', 's7'])), [7]);
    assert.deepEqual(numbers(await record.before(infinity, 9, ['session', 'nobody'])), []);
  });

  test('writers of two processes never take the same position', async () => {
    const other = place.open().record;
    const { record } = place.store;
    const start = (await record.before(Number.POSITIVE_INFINITY, 1))[0]?.seq ?? 0;
    const one = (table: typeof record) =>
      table.append((end) => {
        const seq = Number(end.head?.slice(1) ?? 0) + 1;
        return { rows: [rowOf(seq)], head: `h${seq}` };
      });
    const all = Promise.all(Array.from({ length: 40 }, (_, i) => one(i % 2 === 0 ? record : other)));
    await assert.doesNotReject(all);
    assert.equal(await record.head(), `h${start + 40}`);
    assert.deepEqual(
      numbers(await record.after(start, 100)),
      Array.from({ length: 40 }, (_, i) => start + i + 1),
    );
  });

  test('a failed addition adds nothing', async () => {
    const { record } = place.store;
    const head = await record.head();
    const last = Number(head?.slice(1));
    await assert.rejects(record.append(() => ({ rows: [rowOf(last), rowOf(last + 1)], head: 'bad' })));
    assert.equal(await record.head(), head);
    assert.deepEqual(await record.after(last, 1), []);
    await assert.rejects(
      record.append(() => {
        throw new Error('no key');
      }),
    );
    assert.equal(await record.head(), head);
  });

  test('removing the front puts an anchor in its place, which never moves back', async (t) => {
    const own = await open();
    t.after(() => own.close());
    const { record } = own.store;
    const rows = Array.from({ length: 8 }, (_, i) => rowOf(i + 1, i < 5 ? {} : { event: 'csrf.rejected' }));
    await record.append(() => ({ rows, head: 'h8' }));
    assert.equal(await record.anchor(), undefined);
    assert.equal(await record.prune(6, '{"seq":6}'), 6);
    assert.equal(await record.anchor(), '{"seq":6}');
    assert.deepEqual(numbers(await record.after(0, 2)), [7, 8]);
    assert.deepEqual(
      numbers(await record.before(Number.POSITIVE_INFINITY, 9, ['event', 'csrf.rejected'])),
      [8, 7],
    );
    assert.equal(await record.prune(4, '{"seq":4}'), 0);
    assert.equal(await record.anchor(), '{"seq":6}');
  });

  test('a person has one pseudonym, however many ask at once', async () => {
    const { aliases } = place.store;
    const rows: AliasRow[] = Array.from({ length: 8 }, (_, i) => ({
      alias: `a${i}`,
      key: 'k',
      subject: 'p1',
      email: 'a@x.org',
    }));
    const kept = await Promise.all(rows.map((row) => aliases.add(row)));
    const [first] = kept;
    assert.ok(first);
    for (const row of kept) assert.deepEqual(row, first);
    assert.deepEqual(await aliases.bySubject('p1'), first);
    assert.deepEqual(await aliases.byAlias(first.alias), first);
    assert.deepEqual(await aliases.byEmail('a@x.org'), [first]);
  });

  test('an address alone has a pseudonym too, besides its people, until they are removed', async () => {
    const { aliases } = place.store;
    const alone: AliasRow = { alias: 'z1', key: 'k', email: 'a@x.org' };
    assert.deepEqual(await aliases.add(alone), alone);
    assert.deepEqual(await aliases.add({ ...alone, alias: 'z2' }), alone);
    assert.equal((await aliases.byEmail('a@x.org')).length, 2);
    const own = await aliases.bySubject('p1');
    assert.ok(own);
    await aliases.setEmail(own.alias, 'b@x.org');
    assert.deepEqual(await aliases.byEmail('a@x.org'), [alone]);
    assert.deepEqual(await aliases.byEmail('b@x.org'), [{ ...own, email: 'b@x.org' }]);
    assert.equal(await aliases.remove(own.alias), true);
    assert.equal(await aliases.remove(own.alias), false);
    assert.equal(await aliases.bySubject('p1'), undefined);
    assert.deepEqual(await aliases.byEmail('b@x.org'), []);
    assert.equal(await aliases.remove('z1'), true);
    assert.deepEqual(await aliases.byEmail('a@x.org'), []);
    const anew: AliasRow = { alias: 'z3', key: 'k', email: 'a@x.org' };
    assert.deepEqual(await aliases.add(anew), anew);
  });
});
