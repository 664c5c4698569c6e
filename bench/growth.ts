// The cost of the session store when it holds many other people's sessions. The stores of all sizes are open at once and measured in turn,
// so that a disturbance of the machine affects all of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Store } from '../src/store/contract.ts';
import type { SessionRow } from '../src/store/contract-sessions.ts';
import { createRedisStore } from '../src/store/redis.ts';
import { connectRedis } from '../src/store/redis-client.ts';
import { openSqliteStore } from '../src/store/sqlite.ts';
import { startRedis } from '../test/support/redis.ts';
import { medianOf, ratiosOf, type Spread } from './statistics.ts';

export const operations = [
  'load',
  'list own',
  'end one',
  'first page of 50',
  'search, page of 50',
  'count',
] as const;
export type Operation = (typeof operations)[number];

export interface Growth {
  readonly store: 'SQLite' | 'Redis';
  readonly operation: Operation;
  /** Median microseconds for each number of sessions. */
  readonly us: readonly { readonly size: number; readonly us: number }[];
  /** The cost at the largest size divided by the cost at the smallest. */
  readonly times: Spread;
}

interface Filled {
  readonly size: number;
  readonly store: Store;
  close(): Promise<void>;
}

const perPerson = 5;
/** Each operation runs in groups; the medians of the groups are compared in pairs. */
const [groups, perGroup] = [9, 20];
const warmUps = 10;
const begunAt = Date.now();
const day = 86_400_000;

const does: Record<Operation, (store: Store, index: number) => Promise<unknown>> = {
  load: ({ sessions }, i) => sessions.read(`key${i}`),
  'list own': ({ sessions }, i) => sessions.ofPerson(personOf(i), begunAt),
  'end one': ({ sessions }, i) => sessions.end(`key${i}`, { at: begunAt, reason: 'revoked' }),
  'first page of 50': ({ sessions }) => sessions.page({ sort: 'seen', limit: 50 }),
  'search, page of 50': ({ sessions }, i) =>
    sessions.page({ sort: 'seen', emailPrefix: personOf(i), limit: 50 }),
  count: ({ sessions }) => sessions.countLive(begunAt),
};

/** @param sizes in ascending order, the smallest at least 1000 */
export async function measureGrowth(sizes: readonly number[]): Promise<Growth[]> {
  const results: Growth[] = [];
  for (const [name, fill] of [
    ['SQLite', fillSqlite],
    ['Redis', fillRedis],
  ] as const) {
    const filled: Filled[] = [];
    try {
      for (const size of sizes) filled.push(await fill(size));
      // Ending comes last because it changes what the other operations find.
      for (const operation of operations.toSorted(
        (a, b) => Number(a === 'end one') - Number(b === 'end one'),
      ))
        results.push({ store: name, operation, ...(await measure(operation, filled)) });
    } finally {
      for (const { close } of filled) await close();
    }
  }
  return results.toSorted((a, b) => operations.indexOf(a.operation) - operations.indexOf(b.operation));
}

async function measure(
  operation: Operation,
  filled: readonly Filled[],
): Promise<Pick<Growth, 'us' | 'times'>> {
  const groupMedians = filled.map(() => [] as number[]);
  const runs = groups * perGroup + warmUps;
  for (let group = 0; group < groups; group++) {
    const times = filled.map(() => [] as number[]);
    const warm = group === 0 ? warmUps : 0;
    for (let i = -warm; i < perGroup; i++) {
      for (const [which, { store, size }] of filled.entries()) {
        // Spreads the runs over all people and uses each session once.
        const run = warmUps + group * perGroup + i;
        const index = Math.floor((run * size) / runs / perPerson) * perPerson;
        const from = process.hrtime.bigint();
        await does[operation](store, index);
        const us = Number(process.hrtime.bigint() - from) / 1000;
        if (i >= 0) times[which]?.push(us);
      }
    }
    for (const [which, all] of times.entries()) groupMedians[which]?.push(medianOf(all));
  }
  return {
    us: filled.map(({ size }, which) => ({ size, us: medianOf(groupMedians[which] ?? []) })),
    times: ratiosOf(groupMedians.at(-1) ?? [], groupMedians[0] ?? []),
  };
}

const personOf = (i: number) => `person${Math.floor(i / perPerson)}`;

function rowOf(i: number): SessionRow {
  const at = begunAt - i;
  return {
    key: `key${i}`,
    handle: `handle${i}`,
    personId: personOf(i),
    email: `${personOf(i)}@example.org`,
    createdAt: at,
    lastSeenAt: at,
    expiresAt: begunAt + 7 * day,
    idHash: `hash${i}`,
    idIssuedAt: at,
    data: {
      csrfSecret: 'x'.repeat(32),
      staySignedIn: true,
      device: { browser: 'Firefox', os: 'Linux', kind: 'desktop' },
      network: '192.0.2.1',
    },
  };
}

async function fillSqlite(size: number): Promise<Filled> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  const store = openSqliteStore(folder);
  const db = new DatabaseSync(join(folder, 'gatehouse.db'));
  // In one transaction, because a million calls of the store's own operation would take minutes.
  const insert = db.prepare(
    `INSERT INTO session (key, handle, person_id, email, created_at, last_seen_at, expires_at, id_hash, id_issued_at, data)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  db.exec('BEGIN');
  for (let i = 0; i < size; i++) {
    const row = rowOf(i);
    const { key, handle, personId, email, createdAt, lastSeenAt, expiresAt, idHash, idIssuedAt } = row;
    const data = JSON.stringify(row.data);
    insert.run(key, handle, personId, email, createdAt, lastSeenAt, expiresAt, idHash, idIssuedAt, data);
  }
  db.exec('COMMIT');
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  return {
    size,
    store,
    async close() {
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function fillRedis(size: number): Promise<Filled> {
  const redis = await startRedis();
  const store = createRedisStore(connectRedis(redis.url, () => {}));
  const atOnce = 1000;
  for (let i = 0; i < size; i += atOnce) {
    const count = Math.min(atOnce, size - i);
    await Promise.all(Array.from({ length: count }, (_, j) => store.sessions.create(rowOf(i + j))));
  }
  return {
    size,
    store,
    async close() {
      await store.close();
      await redis.close();
    },
  };
}
