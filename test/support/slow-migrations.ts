// Migrations of a file or of Redis that are slow enough to be killed halfway; run on its own with the location of either.
import { DatabaseSync } from 'node:sqlite';
import { connectRedis } from '../../src/store/redis-client.ts';
import { migrateRedis, type RedisMigration } from '../../src/store/redis-migrate.ts';
import { migrateSqlite, type SqliteMigration } from '../../src/store/sqlite-migrate.ts';

export const sqliteSteps: readonly SqliteMigration[] = [1, 2, 3].map((version) => ({
  version,
  about: 'rewrites every row',
  run: (db) => db.exec(`UPDATE t SET layout = ${version}`),
}));

export const redisSteps: readonly RedisMigration[] = [
  {
    version: 2,
    about: 'renames every key',
    async run({ redis, prefix }) {
      for (const key of await redis.keys(`${prefix}old:*`))
        await redis.rename(key, key.replace(`${prefix}old:`, `${prefix}new:`));
    },
  },
  {
    version: 3,
    about: 'rewrites every value',
    async run({ redis, prefix }) {
      for (const key of await redis.keys(`${prefix}new:*`)) {
        const value = (await redis.get(key)) ?? '';
        if (!value.startsWith('3 ')) await redis.set(key, `3 ${value}`);
      }
    },
  },
];

if (import.meta.main) {
  const [where = ''] = process.argv.slice(2);
  if (where.startsWith('redis')) {
    const redis = connectRedis(where, () => undefined);
    await redis.ping();
    console.log('begins');
    await migrateRedis({ redis, prefix: 'gatehouse:', steps: redisSteps });
    redis.disconnect();
  } else {
    const db = new DatabaseSync(where, { timeout: 5000 });
    console.log('begins');
    migrateSqlite(db, sqliteSteps, where);
    db.close();
  }
}
