// What `gatehouse move-store` works with: the store that SESSION_BACKEND names, and the other kind of store.
import { join } from 'node:path';
import { finishPending } from '../backup/enter.ts';
import { storeFile } from '../backup/place.ts';
import { isPending } from '../backup/put-in-place.ts';
import { lockPlace } from '../store/place-lock.ts';
import { createRedisStore } from '../store/redis.ts';
import { connectRedis } from '../store/redis-client.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { openRecord, recordKeysOf } from '../wiring/audit-log.ts';
import { placeOf, redisOf } from '../wiring/store.ts';
import { whyForeign } from '../wiring/store-owner.ts';
import type { MoveParts } from './move-store-run.ts';
import { inUse, lockWaitMs, logger, markIn, whoUsesRedis } from './place.ts';
import { askWord } from './question.ts';
import type { Loaded } from './settings.ts';

export function moveParts({ config, values }: Loaded): MoveParts {
  return {
    from: config.store.kind === 'redis' ? 'redis' : 'filesystem',
    askWord,
    async open() {
      const release = await lockPlace(config.dataDir, 'alone', lockWaitMs);
      if (!release) return { wrong: inUse(config.dataDir) };
      const { REDIS_URL: url, REDIS_PREFIX: prefix } = values;
      const redis = { redis: connectRedis(url, () => undefined), prefix };
      const close = () => {
        redis.redis.disconnect();
        release();
      };
      try {
        if (isPending(config.dataDir)) await finishPending(placeOf(config), redisOf(config));
        const marks = [await markIn(redis), await markIn(join(config.dataDir, storeFile))];
        const wrong =
          marks.map((mark) => whyForeign(config, mark)).find((why) => why !== undefined) ??
          (await whoUsesRedis(redis));
        if (wrong !== undefined) close();
        return wrong === undefined
          ? { dataDir: config.dataDir, redis, keys: recordKeysOf(config), close }
          : { wrong };
      } catch (error) {
        close();
        throw error;
      }
    },
    async record({ dataDir, redis }, to) {
      const store =
        to === 'redis'
          ? openSqliteStore(dataDir, { evenIfClosed: true })
          : createRedisStore(redis.redis, { prefix: redis.prefix, evenIfClosed: true });
      const recorder = openRecord({ config: () => config, store, logger, now: Date.now });
      try {
        await recorder.write({ event: 'store.moved', by: 'terminal', facts: { to } });
      } finally {
        await recorder.close();
        if (to === 'redis') await store.close();
      }
    },
  };
}
