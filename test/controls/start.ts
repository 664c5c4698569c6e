// What keeps a start from ending without a word, and the lines that do it.
import type { Control } from '../support/controls.ts';

export const controls: readonly Control[] = [
  {
    invariant: 'a start waits for no dead server',
    defence: 'the board of the servers is compared and set',
    file: 'src/keys/replicas.ts',
    find: ': await facts.replace(fact, before, text);',
    replace: ': (await facts.replace(fact, before, text)) || true;',
    tests: 'test/keys.test.ts',
    sees: 'of many servers that speak at once',
  },
  {
    invariant: 'a start waits for no dead server',
    defence: 'a word that is still to come ages by a clock that nobody sets',
    file: 'src/keys/replicas.ts',
    find: 'if (known?.at === at) return elapsed() - known.since < silentMs;',
    replace: 'if (known?.at === at) return true;',
    tests: 'test/keys.test.ts',
    sees: 'servers know what the others accept',
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
    file: 'src/ops/process-signals.ts',
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
    sees: 'the SQLite store a claim from before the clock was set back',
  },
  {
    invariant: 'a dead owner is not waited for',
    defence: 'a claim from before the clock was set back is over (Redis)',
    file: 'src/store/redis-choices.ts',
    find: "  if redis.call('PTTL', KEYS[1]) > 2 * ARGV[2] then redis.call('DEL', KEYS[1]) end\n",
    replace: '',
    tests: 'src/store/contract.test.ts',
    sees: 'the Redis store a claim from before the clock was set back',
  },
];
