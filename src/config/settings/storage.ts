// Settings of the group “Storage”: SQLite or Redis.
import { z } from 'zod';
import { redisUrl } from '../redis-url.ts';
import type { SettingRows } from '../setting.ts';

export const storage = {
  SESSION_BACKEND: {
    schema: z.enum(['filesystem', 'redis']),
    default: 'filesystem',
    about: '`filesystem` (one SQLite file in `DATA_DIR`) or `redis`.',
  },
  DATA_DIR: {
    schema: z.string(),
    default: 'data',
    about: 'Created with mode 0700, its files with 0600.',
  },
  REDIS_URL: {
    schema: redisUrl,
    default: 'redis://localhost:6379/0',
    secret: true,
    about:
      '`redis://`, `rediss://`, `redis+sentinel://h1:26379,h2:26379/mymaster/0` or `redis+cluster://h1:7000,h2:7001`.',
  },
  REDIS_PREFIX: {
    schema: z
      .string()
      .regex(
        /^[A-Za-z0-9_.-]{1,40}:$/,
        'must be letters, digits, `_`, `.` or `-`, and end with one colon, like `desk2:`',
      ),
    default: 'gatehouse:',
    about:
      'The prefix of every key of this deployment. Another deployment in the same Redis database needs a different one.',
  },
} as const satisfies SettingRows;
