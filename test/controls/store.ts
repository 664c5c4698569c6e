// The store itself: what keeps it one deployment's, and what makes a refusal be seen.
import type { Control } from '../support/controls.ts';

export const controls: readonly Control[] = [
  {
    invariant: 'a fact about the store has one first writer (Redis)',
    defence: 'a fact that is there is not written again',
    file: 'src/store/redis-facts.ts',
    find: "redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2])",
    replace: "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])",
    tests: 'src/store/contract.test.ts',
    sees: 'a fact about the store is created once',
  },
  {
    invariant: 'a fact about the store has one first writer (SQLite)',
    defence: 'a fact that is there is not written again',
    file: 'src/store/sqlite-facts.ts',
    find: 'DO UPDATE SET value = value RETURNING value',
    replace: 'DO UPDATE SET value = excluded.value RETURNING value',
    tests: 'src/store/contract.test.ts',
    sees: 'a fact about the store is created once',
  },
  {
    invariant: 'a fact about the store is not lost between two writers (Redis)',
    defence: 'replacing compares first',
    file: 'src/store/redis-facts.ts',
    find: "if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end",
    replace: '',
    tests: 'src/store/contract.test.ts',
    sees: 'a fact about the store is replaced only',
  },
  {
    invariant: 'a fact about the store is not lost between two writers (SQLite)',
    defence: 'replacing compares first',
    file: 'src/store/sqlite-facts.ts',
    find: 'WHERE name = ? AND value = ?',
    replace: 'WHERE name = ? AND ? IS NOT NULL',
    tests: 'src/store/contract.test.ts',
    sees: 'a fact about the store is replaced only',
  },
];
