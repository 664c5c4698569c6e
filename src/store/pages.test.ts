// Pages of everyone's sessions: complete, in order and without duplicates, whatever ends in between. On both backends.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type PrivateRedis, startRedis } from '../../test/support/redis.ts';
import { need } from '../../test/support/requirement.ts';
import type { Store } from './contract.ts';
import type { SessionQuery, SessionRow } from './contract-sessions.ts';
import { createRedisStore } from './redis.ts';
import { connectRedis } from './redis-client.ts';
import { openSqliteStore } from './sqlite.ts';

const now = Date.now();
const day = 86_400_000;

/** Many rows with the same time and person, because a page may end among them. */
function rowsOf(count: number): SessionRow[] {
  return Array.from({ length: count }, (_, i) => ({
    key: `key${String((i * 7919) % count).padStart(5, '0')}`,
    handle: `handle${i}`,
    personId: `p${i % 9}`,
    email: `${'abc'[i % 3]}${i % 9}@example.org`,
    createdAt: now + Math.floor(i / 10),
    lastSeenAt: now + ((i * 31) % 17),
    expiresAt: now + day,
    idHash: `hash${i}`,
    idIssuedAt: now,
    data: {},
  }));
}

async function walk(
  store: Store,
  query: Omit<SessionQuery, 'cursor'>,
  between?: () => Promise<void>,
): Promise<SessionRow[]> {
  const rows: SessionRow[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.sessions.page({ ...query, ...(cursor !== undefined && { cursor }) });
    assert.ok(page.rows.length <= query.limit);
    rows.push(...page.rows);
    cursor = page.next;
    await between?.();
  } while (cursor !== undefined);
  return rows;
}

function pages(open: () => Promise<{ store: Store; close(): Promise<void> }>): void {
  const rows = rowsOf(230);
  let store: Store;
  let close: () => Promise<void>;
  before(async () => {
    ({ store, close } = await open());
    for (const row of rows) await store.sessions.create(row);
  });
  after(() => close());

  const orders: [SessionQuery['sort'], (row: SessionRow) => number | string][] = [
    ['seen', (row) => -row.lastSeenAt],
    ['created', (row) => -row.createdAt],
    ['email', (row) => row.email],
  ];
  for (const [sort, value] of orders) {
    test(`by ${sort}: every session once, in order, with any page size`, async () => {
      for (const limit of [7, 50, 229, 230, 500]) {
        const found = await walk(store, { sort, limit });
        assert.equal(new Set(found.map((row) => row.key)).size, rows.length);
        assert.equal(found.length, rows.length);
        const values = found.map(value);
        assert.deepEqual(
          values,
          [...values].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
        );
      }
    });
  }

  test('a search finds exactly the addresses with that prefix', async () => {
    const found = await walk(store, { sort: 'seen', emailPrefix: 'b1', limit: 10 });
    assert.equal(found.length, rows.filter((row) => row.email.startsWith('b1')).length);
    assert.ok(found.length > 10 && found.every((row) => row.email.startsWith('b1')));
    assert.deepEqual(
      (await store.sessions.page({ sort: 'seen', emailPrefix: 'nobody', limit: 10 })).rows,
      [],
    );
    assert.deepEqual((await store.sessions.page({ sort: 'seen', emailPrefix: '%', limit: 10 })).rows, []);
  });

  test('an invalid cursor is refused', async () => {
    for (const cursor of [
      '',
      'x',
      '!!',
      Buffer.from('[1]').toString('base64url'),
      Buffer.from('["a","b"]').toString('base64url'),
    ]) {
      await assert.rejects(store.sessions.page({ sort: 'seen', cursor, limit: 5 }), RangeError);
    }
  });

  test('sessions that end during paging are left out, and the others appear once', async () => {
    const doomed = rows.filter((_, i) => i % 4 === 0);
    const left = [...doomed];
    const found = await walk(store, { sort: 'created', limit: 20 }, async () => {
      for (const row of left.splice(0, 10)) await store.sessions.end(row.key, { at: now, reason: 'revoked' });
    });
    for (const row of left) await store.sessions.end(row.key, { at: now, reason: 'revoked' });
    const keys = found.map((row) => row.key);
    assert.equal(new Set(keys).size, keys.length);
    for (const row of rows) if (!doomed.includes(row)) assert.ok(keys.includes(row.key));
    const rest = await walk(store, { sort: 'email', limit: 40 });
    assert.equal(rest.length, rows.length - doomed.length);
    assert.equal(await store.sessions.countLive(now), rest.length);
  });

  test('being seen moves a session to the front', async () => {
    const row = rows[1];
    assert.ok(row);
    await store.sessions.touch(row.key, now + 5000);
    assert.equal((await store.sessions.page({ sort: 'seen', limit: 1 })).rows[0]?.key, row.key);
  });

  test('expired sessions are not counted after a purge', async () => {
    assert.ok((await store.purge(now + day)) > 0);
    assert.equal(await store.sessions.countLive(now + day), 0);
    assert.deepEqual((await store.sessions.page({ sort: 'seen', limit: 5 })).rows, []);
  });
}

suite('pages in SQLite', () => {
  pages(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-pages-'));
    const store = openSqliteStore(folder);
    return {
      store,
      async close() {
        await store.close();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  });
});

suite('pages in Redis', await need('redis-server'), () => {
  pages(async () => {
    const redis: PrivateRedis = await startRedis();
    const store = createRedisStore(connectRedis(redis.url, () => {}));
    return {
      store,
      async close() {
        await store.close();
        await redis.close();
      },
    };
  });
});
