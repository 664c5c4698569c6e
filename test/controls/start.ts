// What keeps a start from ending without a word, and the lines that do it.
import type { Control } from '../support/controls.ts';

export const controls: readonly Control[] = [
  {
    invariant: 'a start after a crash listens',
    defence: 'a wait before the server listens keeps the process alive',
    file: 'src/reload.ts',
    find: 'createReplicas({ notes, claims, now, wait: delay });',
    replace:
      'createReplicas({ notes, claims, now, wait: (ms: number) => delay(ms, undefined, { ref: false }) });',
    tests: 'test/start.test.ts',
    sees: 'while a server that was killed still holds a lock',
  },
  {
    invariant: 'a start that ends says why',
    defence: 'a command that ended before it was done has failed',
    file: 'src/main.ts',
    find: 'if (!isDone && code === 0)',
    replace: 'if (code === -1)',
    tests: 'test/start.test.ts',
    sees: 'a start that nothing keeps going',
  },
  {
    invariant: 'a start that ends says why',
    defence: 'a signal before the server listens is no success',
    file: 'src/ops/process-end.ts',
    find: 'if (isServing()) return end(0);',
    replace: 'if (signal) return end(0);',
    tests: 'test/start.test.ts',
    sees: 'a signal before it listens',
  },
  {
    invariant: 'a dead owner is not waited for',
    defence: 'a claim from before the clock was set back is over (SQLite)',
    file: 'src/store/sqlite-choices.ts',
    find: "const isOver = 'expires_at <= ?4 OR expires_at - ?4 > 2 * (?3 - ?4)';",
    replace: "const isOver = 'expires_at <= ?4';",
    tests: 'src/store/contract.test.ts',
    sees: 'a claim from before the clock was set back',
  },
  {
    invariant: 'a dead owner is not waited for',
    defence: 'a claim from before the clock was set back is over (Redis)',
    file: 'src/store/redis-choices.ts',
    find: "  if redis.call('PTTL', KEYS[1]) > 2 * ARGV[2] then redis.call('DEL', KEYS[1]) end\n",
    replace: '',
    tests: 'src/store/contract.test.ts',
    sees: 'a claim from before the clock was set back',
  },
];
