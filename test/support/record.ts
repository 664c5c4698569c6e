// A separate record on each store, for the tests of the record.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'node:test';
import type { RecordLogger } from '../../src/audit/log-line.ts';
import { createRecorder, type RecorderOptions } from '../../src/audit/writer.ts';
import type { Store } from '../../src/store/contract.ts';
import { createRedisStore } from '../../src/store/redis.ts';
import { connectRedis } from '../../src/store/redis-client.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { type PrivateRedis, startRedis } from './redis.ts';
import { need } from './requirement.ts';

export const key = 'a1'.repeat(32);
export const otherKey = 'b2'.repeat(32);
export const dayMs = 86_400_000;

export interface RecordPlace {
  readonly store: Store;
  /** Another store on the same data, as another process would open it. */
  open(): Store;
  /** What another process needs in order to open it. */
  readonly address: { readonly dataDir: string } | { readonly url: string };
  readonly redis: PrivateRedis | undefined;
  readonly folder: string;
  close(): Promise<void>;
}

/** Runs `tests` once with each store; each call of `open` starts empty. */
export async function onBothStores(
  about: string,
  tests: (open: () => Promise<RecordPlace>) => void,
): Promise<void> {
  const redis = await need('redis-server');
  suite(`${about}: SQLite`, () => tests(async () => openOnSqlite()));
  suite(`${about}: Redis`, redis, () => tests(openOnRedis));
}

export function openOnSqlite(): RecordPlace {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-record-'));
  return place(
    folder,
    () => openSqliteStore(join(folder, 'data')),
    { dataDir: join(folder, 'data') },
    undefined,
  );
}

async function openOnRedis(): Promise<RecordPlace> {
  const redis = await startRedis();
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-record-'));
  const open = () => createRedisStore(connectRedis(redis.url, () => undefined));
  return place(folder, open, { url: redis.url }, redis);
}

function place(
  folder: string,
  openStore: () => Store,
  address: RecordPlace['address'],
  redis: PrivateRedis | undefined,
): RecordPlace {
  const opened: Store[] = [];
  const open = () => {
    const store = openStore();
    opened.push(store);
    return store;
  };
  return {
    store: open(),
    open,
    address,
    redis,
    folder,
    async close() {
      await Promise.all(opened.map((store) => store.close()));
      await redis?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface Heard {
  readonly level: 'info' | 'warn' | 'error';
  readonly line: Record<string, unknown>;
}

export function listeningLogger(): RecordLogger & { readonly heard: Heard[] } {
  const heard: Heard[] = [];
  const hear = (level: Heard['level']) => (line: object) =>
    void heard.push({ level, line: line as Record<string, unknown> });
  return { heard, info: hear('info'), warn: hear('warn'), error: hear('error') };
}

export function recorderOver(store: Store, more: Partial<RecorderOptions> = {}) {
  return createRecorder({
    record: store.record,
    aliases: store.aliases,
    keys: () => [key],
    logger: listeningLogger(),
    now: Date.now,
    retentionMs: 365 * dayMs,
    ...more,
  });
}
