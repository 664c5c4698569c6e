// The migration steps of the Redis layout, in order. A released step never changes.
import type { RedisMigration } from './redis-migrate.ts';

/** Numbered from 2: the layout of 0.1.0 is version 1. */
export const redisMigrations: readonly RedisMigration[] = [
  {
    version: 2,
    about:
      'Entries of the record are compressed and found by lists. Those that are there are read as they are, so there is nothing to change.',
    run: async () => {},
  },
];
