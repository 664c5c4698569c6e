// The cost of the session directory when it holds many other people's sessions. Medians in µs, on SQLite and on a private Redis; the sizes
// are measured one after the other in the same process.
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

const perPerson = 5;
const rounds = 200;
const begunAt = Date.now();
const day = 86_400_000;

function rowOf(i: number): SessionRow {
  const person = Math.floor(i / perPerson);
  const at = begunAt - i;
  return {
    key: `key${i}`,
    handle: `handle${i}`,
    personId: `person${person}`,
    email: `person${person}@example.org`,
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

/** Median of `rounds` runs, µs. */
async function median(work: (round: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const from = process.hrtime.bigint();
    await work(i);
    times.push(Number(process.hrtime.bigint() - from) / 1000);
  }
  return times.sort((a, b) => a - b)[rounds >> 1] ?? Number.NaN;
}

async function measure(name: string, size: number, { sessions }: Store): Promise<void> {
  const step = Math.max(1, Math.floor(size / rounds / perPerson)) * perPerson;
  const index = (round: number) => (round * step) % size;
  const person = (round: number) => `person${Math.floor(index(round) / perPerson)}`;
  const figures = {
    load: await median((i) => sessions.read(`key${index(i)}`)),
    'list own': await median((i) => sessions.ofPerson(person(i), begunAt)),
    'first page of 50': await median(() => sessions.page({ sort: 'seen', limit: 50 })),
    'search, page of 50': await median((i) =>
      sessions.page({ sort: 'seen', emailPrefix: `${person(i)}`, limit: 50 }),
    ),
    count: await median(() => sessions.countLive(begunAt)),
    'end one': await median((i) => sessions.end(`key${index(i)}`, { at: begunAt, reason: 'revoked' })),
  };
  const cells = Object.entries(figures).map(([what, us]) => `${what} ${Math.round(us)}`);
  process.stdout.write(`${name.padEnd(7)} ${String(size).padStart(8)}  ${cells.join(' · ')}\n`);
}

async function onSqlite(size: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  const store = openSqliteStore(folder);
  const db = new DatabaseSync(join(folder, 'gatehouse.db'));
  const insert = db.prepare(
    `INSERT INTO session (key, handle, person_id, email, created_at, last_seen_at, expires_at, id_hash, id_issued_at, data)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  db.exec('BEGIN');
  for (let i = 0; i < size; i++) {
    const row = rowOf(i);
    const { key, handle, personId, email, createdAt, lastSeenAt, expiresAt, idHash, idIssuedAt } = row;
    insert.run(
      key,
      handle,
      personId,
      email,
      createdAt,
      lastSeenAt,
      expiresAt,
      idHash,
      idIssuedAt,
      JSON.stringify(row.data),
    );
  }
  db.exec('COMMIT');
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
  await measure('SQLite', size, store);
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}

async function onRedis(size: number): Promise<void> {
  const redis = await startRedis();
  const store = createRedisStore(connectRedis(redis.url, () => {}));
  for (let i = 0; i < size; i += 1000) {
    const count = Math.min(1000, size - i);
    await Promise.all(Array.from({ length: count }, (_, j) => store.sessions.create(rowOf(i + j))));
  }
  await measure('Redis', size, store);
  await store.close();
  await redis.close();
}

/** Writes a line for each size, on each store. */
export async function measureDirectory(sizes: readonly number[]): Promise<void> {
  process.stdout.write(
    `\nThe directory of sessions: medians of ${rounds} runs, µs; ${perPerson} sessions a person\n`,
  );
  for (const size of sizes) {
    await onSqlite(size);
    await onRedis(size);
  }
}
