// Layouts of the stores, backup and restore, and the lines that keep them whole.
import type { Control } from '../support/controls.ts';

export const controls: readonly Control[] = [
  {
    invariant: 'layout: a newer store is left alone',
    defence: 'a version beyond the known ones is refused',
    file: 'src/store/migrations.ts',
    find: 'if (found > known)',
    replace: 'if (found > known + 1e9)',
    tests: 'src/store/migrations.test.ts',
    sees: 'SQLite: a newer file is refused by name',
  },
  {
    invariant: 'layout: a newer store is left alone',
    defence: 'every operation asks for the version first',
    file: 'src/store/redis.ts',
    find: 'attempt(() => migrateRedis({ redis, prefix, steps: redisMigrations }))',
    replace: 'attempt(async () => undefined)',
    tests: 'src/store/migrations.test.ts',
    sees: 'Redis: keys of a newer program are refused',
  },
  {
    invariant: 'layout: a migration is whole or was none',
    defence: 'all steps are one transaction',
    file: 'src/store/sqlite-migrate.ts',
    find: "if (db.isTransaction) db.exec('ROLLBACK')",
    replace: "if (db.isTransaction) db.exec('COMMIT')",
    tests: 'src/store/migrations.test.ts',
    sees: 'SQLite: what fails in the middle',
  },
  {
    invariant: 'layout: a migration is whole or was none',
    defence: 'the version is written after its step',
    file: 'src/store/redis-migrate.ts',
    find: 'await run?.({ redis, prefix });',
    replace: "await redis.hset(facts, 'schema', version);\n      await run?.({ redis, prefix });",
    tests: 'src/store/migrations.test.ts',
    sees: 'Redis: a step that fails is run again',
  },
  {
    invariant: 'layout: one process migrates at a time',
    defence: 'a lock in Redis',
    file: 'src/store/redis-migrate.ts',
    find: "while ((await redis.set(lock, token, 'PX', lockMs, 'NX')) !== 'OK') {",
    replace: 'while (performance.now() < 0) {',
    tests: 'src/store/migrations.test.ts',
    sees: 'Redis: of two processes that find an older layout',
  },
];
