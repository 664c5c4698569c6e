// Moves sessions, people and the record from one kind of store to the other. The two are never in use at the same time: each is marked as
// in use or not, and a move that was killed is restarted by the same command.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { recordKeys } from '../audit/chain.ts';
import { verifyRecord } from '../audit/verify.ts';
import type { RecordTable } from '../store/contract-record.ts';
import { fillRedis } from '../store/fill-redis.ts';
import { createJournalFile } from '../store/journal-file.ts';
import { createRedisStore } from '../store/redis.ts';
import { redisClosingOf, setRedisClosing } from '../store/redis-in-use.ts';
import type { RedisPlace } from '../store/redis-migrate.ts';
import { isEmptyRedis, rowsOfRedis } from '../store/redis-rows.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { closingOf, setClosing } from '../store/sqlite-facts.ts';
import { copyRecord, loadRows } from '../store/stored-rows.ts';
import { journalFile, storeFile, withSidecars } from './place.ts';
import { sweep } from './put-in-place.ts';

export interface MovePlace {
  readonly dataDir: string;
  readonly redis: RedisPlace;
  /** 64 hex digits each. */
  readonly keys: readonly string[];
}

/** What a move would find. `moved away`: the source is closed and the target in use, so there is nothing to move. */
export type Outlook = 'free' | 'target in use' | 'moved away' | 'no source';

export async function outlook({ dataDir, redis }: MovePlace, to: 'redis' | 'filesystem'): Promise<Outlook> {
  const file = fileState(dataDir);
  const keys = (await redisClosingOf(redis)) ?? ((await isEmptyRedis(redis)) ? 'none' : 'used');
  const [source, target] = to === 'redis' ? [file, keys] : [keys, file];
  if (source === 'none') return 'no source';
  if (source === 'filling') return 'no source';
  if (source === 'moved' && target === 'used') return 'moved away';
  return target === 'used' ? 'target in use' : 'free';
}

function fileState(dataDir: string): string {
  const path = join(dataDir, storeFile);
  if (!existsSync(path)) return 'none';
  const db = new DatabaseSync(path, { timeout: 5000 });
  try {
    return closingOf(db) ?? 'used';
  } finally {
    db.close();
  }
}

/**
 * Requires the exclusive lock of the data folder, and no server on that Redis. @returns how many entries the record has. @throws if it
 * must be run again
 */
export async function moveToRedis({ dataDir, redis, keys }: MovePlace): Promise<number> {
  const journal = await createJournalFile(join(dataDir, journalFile)).read();
  const source = openSqliteStore(dataDir, { evenIfClosed: true });
  const target = createRedisStore(redis.redis, { prefix: redis.prefix, evenIfClosed: true });
  try {
    let entries = 0;
    await fillRedis(dataDir, journal?.id, redis, async () => {
      entries = await sameRecord(source.record, target.record, keys);
      withFile(dataDir, (db) => setClosing(db, 'moved'));
    });
    return entries;
  } finally {
    await source.close();
  }
}

/** Like `moveToRedis`, in the other direction. */
export async function moveToFile({ dataDir, redis, keys }: MovePlace): Promise<number> {
  sweep(dataDir);
  const folder = join(dataDir, `restore-${randomBytes(6).toString('hex')}`);
  const path = join(dataDir, storeFile);
  mkdirSync(folder, { mode: 0o700 });
  const journal = await createJournalFile(join(dataDir, journalFile)).read();
  const source = createRedisStore(redis.redis, { prefix: redis.prefix, evenIfClosed: true });
  const target = openSqliteStore(folder);
  let entries: number;
  try {
    await source.prepare();
    await loadRows(target, rowsOfRedis(redis));
    await copyRecord(source.record, target.record, journal?.id);
    entries = await sameRecord(source.record, target.record, keys);
  } finally {
    await target.close();
  }
  if (existsSync(path)) withFile(dataDir, (db) => setClosing(db, 'filling'));
  await setRedisClosing(redis, 'moved');
  const [, ...sidecars] = withSidecars(path);
  for (const one of sidecars) rmSync(one, { force: true });
  renameSync(join(folder, storeFile), path);
  sweep(dataDir);
  return entries;
}

function withFile(dataDir: string, work: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(join(dataDir, storeFile), { timeout: 5000 });
  try {
    work(db);
  } finally {
    db.close();
  }
}

/** @returns how many entries. @throws if the copy differs from the original */
async function sameRecord(from: RecordTable, to: RecordTable, hexKeys: readonly string[]): Promise<number> {
  const keys = recordKeys(hexKeys);
  const [a, b] = [await verifyRecord({ record: from, keys }), await verifyRecord({ record: to, keys })];
  if (JSON.stringify(a) !== JSON.stringify(b))
    throw new Error('the copy of the record differs from the record');
  return b.count;
}
