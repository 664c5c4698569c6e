// Fills Redis with what an SQLite file holds, in place of what was there. Killed on the way, Redis says so to whoever would use it, and
// the next run begins anew.
import { DatabaseSync } from 'node:sqlite';
import { createRedisStore } from './redis.ts';
import { setRedisClosing } from './redis-in-use.ts';
import type { RedisPlace } from './redis-migrate.ts';
import { clearRedis, removeFacts } from './redis-rows.ts';
import { openSqliteStore } from './sqlite.ts';
import { rowsOfSqlite } from './sqlite-rows.ts';
import { copyRecord, loadRows } from './stored-rows.ts';

/**
 * @param dataDir where `gatehouse.db` is; nothing else may write to it
 * @param journal the name of the journal that lies beside it
 * @param place its client stays open
 * @param beforeUse once all is there, and before anybody may use it
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
