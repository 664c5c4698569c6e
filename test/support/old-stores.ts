// Stores as earlier versions of the program left them: created by those versions and kept in test/fixtures/stores. Every layout keeps its
// fixture permanently.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { RedisClient } from '../../src/store/redis-client.ts';

const folder = join(import.meta.dirname, '../fixtures/stores');

/** When everything in them happened: the `at` that was passed to `fillStore`. */
export const oldStoresAt = Date.parse('2026-11-28T06:00:00Z');

/** Creates a file of that layout at `path`. @param userVersion the layout number stored in the file */
export function makeOldFile(path: string, name: string, userVersion: number): void {
  const db = new DatabaseSync(path);
  db.exec(readFileSync(join(folder, name), 'utf8'));
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA user_version = ${userVersion};`);
  db.close();
}

type OldKey =
  | readonly ['string', string, string]
  | readonly ['hash', string, Readonly<Record<string, string>>]
  | readonly ['set', string, readonly string[]]
  | readonly ['zset', string, readonly string[]]
  | readonly ['stream', string, readonly (readonly [string, readonly string[]])[]];

/** Writes the keys of that layout without their expiries, which are in the past. */
export async function makeOldKeys(redis: RedisClient, name: string): Promise<void> {
  const lines = readFileSync(join(folder, name), 'utf8').trim().split('\n');
  for (const [type, key, value] of lines.map((line) => JSON.parse(line) as OldKey)) {
    if (type === 'string') await redis.set(key, value);
    else if (type === 'hash') await redis.hset(key, value);
    else if (type === 'set') await redis.sadd(key, ...value);
    else if (type === 'zset')
      for (const [member, score] of pairs(value)) await redis.zadd(key, score, member);
    else for (const [id, fields] of value) await redis.xadd(key, id, ...fields);
  }
}

function pairs(list: readonly string[]): [string, string][] {
  return Array.from({ length: list.length / 2 }, (_, i) => [list[2 * i] ?? '', list[2 * i + 1] ?? '']);
}
