// Replaces what is in Redis with the contents of an SQLite file. If it is killed halfway, Redis is marked as being filled, so that no
// program uses it, and the next run starts over.
import { DatabaseSync } from 'node:sqlite';
import { createRedisStore } from './redis.ts';
import { setRedisClosing } from './redis-in-use.ts';
import type { RedisPlace } from './redis-migrate.ts';
import { clearRedis, removeFacts } from './redis-rows.ts';
import { openSqliteStore } from './sqlite.ts';
import { rowsOfSqlite } from './sqlite-rows.ts';
import { copyRecord, loadRows } from './stored-rows.ts';

/**
 * @param dataDir the folder of `gatehouse.db`; nothing else may write to that file
 * @param journal the name of the journal in the same folder
 * @param place its client is not closed
 * @param beforeUse called when everything has been copied, before any program may use it
 */
export async function fillRedis(
  dataDir: string,
  journal: string | undefined,
  place: RedisPlace,
  beforeUse: () => Promise<void> = async () => undefined,
): Promise<void> {
  await setRedisClosing(place, 'filling');
  await clearRedis(place);
  await removeFacts(place, ['closed']);
  const target = createRedisStore(place.redis, { prefix: place.prefix, evenIfClosed: true });
  const source = openSqliteStore(dataDir, { evenIfClosed: true });
  const rows = new DatabaseSync(`${dataDir}/gatehouse.db`, { readOnly: true, timeout: 5000 });
  try {
    await target.prepare();
    await loadRows(target, rowsOfSqlite(rows));
    await copyRecord(source.record, target.record, journal);
  } finally {
    rows.close();
    await source.close();
  }
  await beforeUse();
  await setRedisClosing(place, undefined);
}
