// Tampering: whatever is done to the record without the key is detected, with its position and its kind.
import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import fc from 'fast-check';
import {
  chainStart,
  type Mark,
  macOf,
  type RecordKey,
  readMark,
  recordKeys,
  sealEntry,
  sealMark,
} from '../src/audit/chain.ts';
import { makeCheckpoint, readCheckpoint } from '../src/audit/checkpoint.ts';
import { bodyOf } from '../src/audit/entry.ts';
import { sealGroup } from '../src/audit/seal-group.ts';
import { type Verdict, verifyRecord } from '../src/audit/verify.ts';
import type { FindingKind } from '../src/audit/walk-chain.ts';
import type { RecordRow } from '../src/store/contract-record.ts';
import { dayMs, key, otherKey } from './support/record.ts';

const size = 10_000;
const startAt = Date.UTC(2026, 0, 1);
const [own, other] = recordKeys([key, otherKey]) as [RecordKey, RecordKey];

interface Kept {
  readonly rows: readonly RecordRow[];
  readonly head: string | undefined;
  readonly anchor?: string | undefined;
}

function bodyAt(i: number, at = startAt + i * 1000) {
  const event = i % 3 === 0 ? 'session.created' : 'session.rotated';
  return bodyOf({ event, session: `s${i % 100}`, facts: { n: i } }, at, { who: `w${i % 7}`, by: undefined });
}

function make(count: number, from: Pick<Mark, 'seq' | 'mac'> = { seq: 0, mac: chainStart }): RecordRow[] {
  const rows: RecordRow[] = [];
  let last = from;
  for (let i = 0; i < count; i++) {
    last = sealEntry(bodyAt(last.seq + 1), last.seq + 1, last.mac, own);
    rows.push(last as RecordRow);
  }
  return rows;
}

function verify(
  { rows, head, anchor }: Kept,
  keys = [own],
  witness = new Map<number, string>(),
): Promise<Verdict> {
  const record = {
    head: async () => head,
    anchor: async () => anchor,
    async after(seq: number, limit: number) {
      const start = rows.findIndex((row) => row.seq > seq);
      return start < 0 ? [] : rows.slice(start, start + limit);
    },
  };
  return verifyRecord({ record, keys, witnesses: [witness] });
}

async function finds(kept: Kept, kind: FindingKind, seq: number, count?: number): Promise<void> {
  const verdict = await verify(kept);
  assert.equal(verdict.state, 'tampered', `${kind} at ${seq} was not found`);
  const { first } = verdict;
  assert.deepEqual({ ...first, ...(count === undefined && { count: 0 }) }, { kind, seq, count: count ?? 0 });
}

/** Rows as a store has them whose numbers follow their order. */
const renumber = (rows: readonly RecordRow[], from: number) =>
  rows.map((row, i) => ({ ...row, seq: from + i }));

/** What somebody who has the store but not the key can do to a record. Positions count from 0. */
const operations: Record<
  string,
  (rows: RecordRow[], i: number, n: number) => { kind: FindingKind; at: number } | undefined
> = {
  'edits a text': (rows, i) => {
    const row = rows[i] as RecordRow;
    rows[i] = { ...row, text: row.text.replace('"outcome":"done"', '"outcome":"refused"') };
    return { kind: 'edited', at: i };
  },
  'edits a seal': (rows, i) => {
    const row = rows[i] as RecordRow;
    rows[i] = { ...row, mac: `${row.mac.startsWith('A') ? 'B' : 'A'}${row.mac.slice(1)}` };
    return { kind: 'edited', at: i };
  },
  'edits the seal before': (rows, i) => {
    const row = rows[i] as RecordRow;
    rows[i] = { ...row, prev: `${row.prev.startsWith('A') ? 'B' : 'A'}${row.prev.slice(1)}` };
    return { kind: 'edited', at: i };
  },
  'reseals with another key': (rows, i) => {
    const row = rows[i] as RecordRow;
    const text = row.text.replace('"n":', '"m":');
    rows[i] = { ...row, text, mac: macOf(other.key, row.seq, row.prev, text) };
    return { kind: 'edited', at: i };
  },
  drops: (rows, i, n) => {
    rows.splice(i, 1 + (n % 3));
    return { kind: i >= rows.length ? 'truncated' : 'missing', at: i };
  },
  'drops and closes the gap': (rows, i) => {
    const from = rows[0]?.seq ?? 1;
    rows.splice(i, 1);
    rows.splice(0, rows.length, ...renumber(rows, from));
    return { kind: i >= rows.length ? 'truncated' : 'missing', at: i };
  },
  swaps: (rows, i, n) => {
    const j = Math.min(rows.length - 1, i + 1 + (n % 9));
    if (i === j) return undefined;
    const from = rows[0]?.seq ?? 1;
    [rows[i], rows[j]] = [rows[j] as RecordRow, rows[i] as RecordRow];
    rows.splice(0, rows.length, ...renumber(rows, from));
    return { kind: 'reordered', at: i };
  },
  'inserts a copy of a later one': (rows, i, n) => {
    const from = rows[0]?.seq ?? 1;
    const copied = rows[Math.min(rows.length - 1, i + 1 + (n % 9))] as RecordRow;
    if (copied === rows[i]) return undefined;
    rows.splice(i, 0, copied);
    rows.splice(0, rows.length, ...renumber(rows, from));
    return { kind: 'inserted', at: i };
  },
  'inserts a copy of an earlier one': (rows, i, n) => {
    const from = rows[0]?.seq ?? 1;
    const copied = rows[Math.max(0, i - 1 - (n % 9))] as RecordRow;
    if (i === 0) return undefined;
    rows.splice(i, 0, copied);
    rows.splice(0, rows.length, ...renumber(rows, from));
    return { kind: 'inserted', at: i };
  },
  'inserts a made-up entry': (rows, i) => {
    const from = rows[0]?.seq ?? 1;
    const prev = rows[i - 1]?.mac ?? chainStart;
    const made = sealEntry(bodyAt(i), from + i, prev, { kid: own.kid, key: other.key });
    rows.splice(i, 0, made);
    rows.splice(0, rows.length, ...renumber(rows, from));
    return { kind: 'inserted', at: i };
  },
};

suite('tampering with a record of 10,000 entries', () => {
  let rows: RecordRow[];
  let head: string;
  before(() => {
    rows = make(size);
    head = sealMark('head', rows.at(-1) as RecordRow, startAt, own);
  });

  test('an unchanged record is intact', async () => {
    assert.deepEqual(await verify({ rows, head }), { state: 'intact', from: 1, to: size, count: size });
    assert.deepEqual(await verify({ rows: [], head: undefined }), {
      state: 'intact',
      from: 1,
      to: 0,
      count: 0,
    });
  });

  test('one operation at every position is found, with its place and its kind', async () => {
    const names = Object.keys(operations);
    const reach = 12;
    for (let i = 0; i < size; i++) {
      // Entries far before and after do not affect verification, so a part of the chain represents the whole.
      const from = Math.max(0, i - reach);
      const to = Math.min(size, i + reach);
      const part = rows.slice(from, to);
      const name = names[i % names.length] ?? '';
      const done = operations[name]?.(part, i - from, i);
      if (!done) continue;
      const anchor = from === 0 ? undefined : sealMark('anchor', rows[from - 1] as RecordRow, startAt, own);
      const end = sealMark('head', rows[to - 1] as RecordRow, startAt, own);
      const verdict = await verify({ rows: part, head: end, anchor });
      assert.equal(verdict.state, 'tampered', `${name} at ${i}`);
      assert.deepEqual(
        [verdict.first.kind, verdict.first.seq],
        [done.kind, from + done.at + 1],
        `${name} at ${i}`,
      );
    }
  });

  for (const [name, operation] of Object.entries(operations)) {
    test(`over the whole record, anywhere: somebody who ${name}`, async () => {
      const places = fc.oneof(
        fc.integer({ min: 0, max: size - 1 }),
        fc.constantFrom(0, 1, 999, 1000, size - 1),
      );
      await fc.assert(
        fc.asyncProperty(places, fc.nat(50), async (i, n) => {
          const changed = [...rows];
          const done = operation(changed, i, n);
          if (done) await finds({ rows: changed, head }, done.kind, done.at + 1);
        }),
        { numRuns: 10 },
      );
    });
  }

  test('several cuts: the first is reported with its number of entries, and the check continues', async () => {
    const changed = [...rows.slice(0, 100), ...rows.slice(150, 5000), ...rows.slice(5001)];
    changed[7000] = { ...(changed[7000] as RecordRow), text: '{}' };
    const verdict = await verify({ rows: changed, head });
    assert.deepEqual(verdict, {
      state: 'tampered',
      first: { kind: 'missing', seq: 101, count: 50 },
      findings: 3,
      from: 1,
      to: size,
      count: size - 51,
    });
  });

  test('a cut end is found by the head, and one with a matching head by a checkpoint', async () => {
    const line = await makeCheckpoint({ head: async () => head }, [own], startAt);
    const checkpoint = readCheckpoint(`${line}\n`, [own]);
    assert.ok('mac' in checkpoint);
    const witness = new Map([[checkpoint.seq, checkpoint.mac]]);
    const cut = rows.slice(0, 9_000);
    await finds({ rows: cut, head }, 'truncated', 9_001, 1_000);
    // An earlier head, which was genuine at the time, hides the cut from everything but the checkpoint.
    const earlier = sealMark('head', cut.at(-1) as RecordRow, startAt, own);
    assert.equal((await verify({ rows: cut, head: earlier })).state, 'intact');
    const verdict = await verify({ rows: cut, head: earlier }, [own], witness);
    assert.deepEqual(verdict.state === 'tampered' && verdict.first, {
      kind: 'truncated',
      seq: 9_001,
      count: 1_000,
    });
    // Without the checkpoint, a record that continued after the cut looks intact too.
    const grown = [...cut, ...make(2_000, cut.at(-1) as RecordRow).map((row) => row)];
    assert.equal((await verify({ rows, head }, [own], witness)).state, 'intact');
    const forked = [...cut, ...make(1, { seq: 9_000, mac: cut.at(-1)?.mac ?? '' })];
    assert.equal(forked.length, 9_001);
    assert.equal(
      (await verify({ rows: grown, head: sealMark('head', grown.at(-1) as RecordRow, 0, own) })).state,
      'intact',
    );
  });

  test('a record that was restored and continued does not match its checkpoint', async () => {
    const witness = new Map([[9_500, (rows[9_499] as RecordRow).mac]]);
    const start = rows[8_999] as RecordRow;
    const again: RecordRow[] = [];
    for (let last = start; again.length < 1_000; ) {
      last = sealEntry(bodyAt(1, startAt), last.seq + 1, last.mac, own);
      again.push(last);
    }
    const kept = {
      rows: [...rows.slice(0, 9_000), ...again],
      head: sealMark('head', again.at(-1) as RecordRow, 0, own),
    };
    assert.equal((await verify(kept)).state, 'intact');
    const verdict = await verify(kept, [own], witness);
    assert.deepEqual(verdict.state === 'tampered' && verdict.first, { kind: 'forked', seq: 9_500, count: 1 });
    // Parts of the two branches do not even fit together.
    await finds({ rows: [...rows.slice(0, 9_100), ...again.slice(100)], head: kept.head }, 'forked', 9_101);
  });

  test('head and anchor are sealed too', async () => {
    const last = rows.at(-1) as RecordRow;
    const forged = sealMark('head', rows[4_999] as RecordRow, startAt, { kid: own.kid, key: other.key });
    await finds({ rows: rows.slice(0, 5_000), head: forged }, 'head forged', 5_000);
    await finds({ rows, head: undefined }, 'head missing', size);
    await finds({ rows, head: 'nonsense' }, 'head forged', size);
    await finds({ rows, head: sealMark('anchor', last, startAt, own) }, 'head forged', size);
    await finds(
      { rows, head: sealMark('head', rows[size - 2] as RecordRow, startAt, own) },
      'head forged',
      size - 1,
    );
    const anchored = rows.slice(500);
    await finds({ rows: anchored, head }, 'missing', 1, 500);
    const anchor = sealMark('anchor', rows[499] as RecordRow, startAt, own);
    assert.equal((await verify({ rows: anchored, head, anchor })).state, 'intact');
    await finds({ rows: rows.slice(600), head, anchor }, 'missing', 501, 100);
    const lie = sealMark('anchor', rows[599] as RecordRow, startAt, { kid: own.kid, key: other.key });
    await finds({ rows: rows.slice(600), head, anchor: lie }, 'anchor forged', 600);
  });
});

suite('keys', () => {
  function sealed(parts: readonly [RecordKey, count: number, everyMs: number][]): Kept {
    const rows: RecordRow[] = [];
    let at = startAt;
    for (const [by, count, everyMs] of parts) {
      for (let i = 0; i < count; i++) {
        const last = rows.at(-1);
        at += everyMs;
        rows.push(sealEntry(bodyAt(i, at), (last?.seq ?? 0) + 1, last?.mac ?? chainStart, by));
      }
    }
    return { rows, head: sealMark('head', rows.at(-1) as RecordRow, at, parts.at(-1)?.[0] ?? own) };
  }

  test('a former key verifies what it sealed, and only that is unverifiable without it', async () => {
    const kept = sealed([
      [own, 50, 1000],
      [other, 50, 1000],
    ]);
    assert.equal((await verify(kept, [other, own])).state, 'intact');
    const verdict = await verify(kept, [other]);
    assert.ok(verdict.state === 'tampered');
    assert.deepEqual(verdict.first, { kind: 'key unknown', seq: 1, count: 1 });
    assert.equal(verdict.findings, 50);
  });

  test('two replicas may change keys within a day, but a former key does not return later', async () => {
    const soon = sealed([
      [own, 5, 1000],
      [other, 5, 1000],
      [own, 5, 1000],
      [other, 5, 1000],
    ]);
    assert.equal((await verify(soon, [other, own])).state, 'intact');
    const late = sealed([
      [own, 5, 1000],
      [other, 5, dayMs],
      [own, 1, 1000],
    ]);
    const verdict = await verify(late, [other, own]);
    assert.deepEqual(verdict.state === 'tampered' && verdict.first, {
      kind: 'key returned',
      seq: 11,
      count: 1,
    });
  });
});

suite('a forged end is never continued silently', () => {
  const rows = make(20);
  const last = rows.at(-1) as RecordRow;
  const genuine = sealMark('head', last, startAt, own);
  const body = [bodyAt(1)];
  const goOn = (kept: readonly RecordRow[], head: string | undefined, keys = [own]) => {
    const end = kept.at(-1) ?? null;
    const added =
      sealGroup(body, { head }, keys, startAt) ?? sealGroup(body, { head, last: end }, keys, startAt);
    assert.ok(added);
    return { rows: [...kept, ...added.rows], head: added.head };
  };

  test('an entry follows a genuine head directly', async () => {
    const kept = goOn(rows, genuine);
    assert.equal(kept.rows.length, 21);
    assert.equal((await verify(kept)).state, 'intact');
  });

  test('the first entry needs no head', async () => {
    assert.equal((await verify(goOn([], undefined))).state, 'intact');
  });

  test('a cut end with a forged head stays visible', async () => {
    const cut = rows.slice(0, 15);
    const forged = sealMark('head', cut.at(-1) as RecordRow, startAt, { kid: own.kid, key: other.key });
    await finds(goOn(cut, forged), 'head forged', 16);
    await finds(goOn(cut, undefined), 'head missing', 16);
    await finds(goOn(cut, 'x'.repeat(5_000)), 'head forged', 16);
    await finds(goOn(cut, genuine), 'missing', 16);
  });

  test('a head with a missing key is judged once the key is back', async () => {
    const byOther = sealMark('head', last, startAt, other);
    const kept = goOn(rows, byOther);
    await finds(kept, 'key unknown', 21);
    assert.equal((await verify(kept, [own, other])).state, 'intact');
    const cut = goOn(rows.slice(0, 15), byOther);
    const verdict = await verify(cut, [own, other]);
    assert.deepEqual(verdict.state === 'tampered' && verdict.first, { kind: 'truncated', seq: 16, count: 5 });
    const lie = readMark(sealMark('head', rows[14] as RecordRow, startAt, { kid: other.kid, key: own.key }));
    const lied = await verify(goOn(rows.slice(0, 15), JSON.stringify(lie)), [own, other]);
    assert.deepEqual(lied.state === 'tampered' && lied.first.kind, 'head forged');
  });

  test('an entry that was added beyond the head does not prevent writing, and is found', async () => {
    const added = sealEntry(bodyAt(3), 21, last.mac, { kid: own.kid, key: other.key });
    const kept = { rows: [...rows, added], head: genuine };
    const end = sealGroup(body, { head: genuine, last: added }, [own], startAt);
    assert.ok(end);
    await finds({ rows: [...kept.rows, ...end.rows], head: end.head }, 'edited', 21);
  });
});

test('an invalid checkpoint is refused with what to do', async () => {
  const head = sealMark('head', make(1)[0] as RecordRow, startAt, own);
  const line = (await makeCheckpoint({ head: async () => head }, [own], startAt)) ?? '';
  assert.ok('seal' in readCheckpoint(line, [own]));
  assert.ok('wrong' in readCheckpoint(head, [own]));
  assert.ok('wrong' in readCheckpoint(line.replace('"seq":1', '"seq":2'), [own]));
  assert.ok('wrong' in readCheckpoint(line, [other]));
  assert.ok('wrong' in readCheckpoint('', [own]));
  assert.equal(await makeCheckpoint({ head: async () => head }, [other], startAt), undefined);
  assert.equal(await makeCheckpoint({ head: async () => undefined }, [own], startAt), undefined);
});
