// `gatehouse move-store`: moves sessions, people and the record from SQLite to Redis, or back.
import { parseArgs } from 'node:util';
import { onlyOne } from './backup-options.ts';
import type { MoveParts, MoveTask } from './move-store-run.ts';
import type { Command, Wrong } from './terminal.ts';

const help = `gatehouse move-store redis|filesystem [--replace [--yes]]

  Copies sessions, people and the record from where SESSION_BACKEND keeps them to Redis (REDIS_URL) or to the file in DATA_DIR.
  Stop all servers first. Nobody is signed out. Set SESSION_BACKEND afterwards; the old store is closed, so that nobody uses it by mistake.

  --replace           replaces what is there, after you have typed a word; --yes skips the question

Exit code: 0 done, 2 not done.`;

export const moveStoreCommand: Command<MoveTask, MoveParts> = {
  name: 'move-store',
  help,
  read: readMove,
  async parts() {
    const { loaded } = await import('./settings.ts');
    return (await import('./move-store-open.ts')).moveParts(loaded());
  },
  run: async (task, parts, say) => (await import('./move-store-run.ts')).runMove(task, parts, say),
};

function readMove(args: readonly string[]): MoveTask | Wrong {
  const off = { type: 'boolean', default: false } as const;
  const options = { replace: off, yes: off };
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const to = onlyOne(positionals, 'redis or filesystem');
  if (typeof to === 'object') return to;
  if (to !== 'redis' && to !== 'filesystem') return { wrong: 'say redis or filesystem' };
  return { to, replace: values.replace, yes: values.yes };
}
