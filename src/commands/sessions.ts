// `gatehouse sessions list|revoke`: the session desk without a browser, by the same rules; anyone with access to the terminal is an
// operator.
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { ListTask } from './sessions-list.ts';
import type { SessionsParts } from './sessions-open.ts';
import type { RevokeTask } from './sessions-revoke.ts';
import { type Command, using, type Wrong } from './terminal.ts';

const help = `gatehouse sessions list [--email PREFIX] [--limit N] [--json]
gatehouse sessions revoke HANDLE | --person EMAIL | --all --yes   [--no-wait]

  list     who is signed in, last seen first; with --email sorted by address
  revoke   ends one session, all of a person's, or everyone's, here and at the gate,
           then waits until this has been verified at the gate (about 12 s; not with --no-wait)`;

/** Exit code 1: there is no such session or person. */
export const sessionsCommand: Command<ListTask | RevokeTask, SessionsParts> = {
  name: 'sessions',
  help,
  read: readSessions,
  async parts() {
    const { configuration } = await import('./settings.ts');
    const config = configuration();
    return {
      limits: config.session,
      now: Date.now,
      wait: delay,
      open: async () => (await import('./sessions-open.ts')).openSessions(config),
    };
  },
  run: async (task, parts, say) =>
    using(await parts.open(), async ({ store, revocation }) => {
      if (task.task === 'list')
        return (await import('./sessions-list.ts')).list(task, store.sessions, parts, say);
      const { revoke } = await import('./sessions-revoke.ts');
      return revoke(task, store.sessions, await revocation(), parts, say);
    }),
};

function readSessions(args: readonly string[]): ListTask | RevokeTask | Wrong {
  const [task, ...rest] = args;
  if (task === 'list') return readList(rest);
  if (task === 'revoke') return readRevoke(rest);
  return { wrong: task === undefined ? 'say list or revoke' : `there is no "${task}"` };
}

function readList(args: string[]): ListTask | Wrong {
  const options = {
    email: { type: 'string' },
    json: { type: 'boolean', default: false },
    limit: { type: 'string', default: '50' },
  } as const;
  const { email, json, limit } = parseArgs({ args, options }).values;
  if (!/^[1-9]\d{0,4}$/.test(limit)) return { wrong: '--limit takes a number from 1 to 99999' };
  return { task: 'list', email: email?.toLowerCase(), json, limit: Number(limit) };
}

function readRevoke(args: string[]): RevokeTask | Wrong {
  const options = {
    person: { type: 'string' },
    all: { type: 'boolean', default: false },
    yes: { type: 'boolean', default: false },
    'no-wait': { type: 'boolean', default: false },
  } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const { person, all, yes, 'no-wait': noWait } = values;
  const [handle] = positionals;
  const named = positionals.length + (person === undefined ? 0 : 1) + (all ? 1 : 0);
  if (named !== 1) return { wrong: 'use one of HANDLE, --person EMAIL, --all' };
  const common = { task: 'revoke', waits: !noWait } as const;
  if (all) return yes ? { ...common, whom: 'all' } : { wrong: '--all signs out everyone: add --yes' };
  if (person !== undefined) {
    return person.includes('@')
      ? { ...common, whom: { email: person.toLowerCase() } }
      : { wrong: '--person takes a whole address' };
  }
  return { ...common, whom: { handle: handle ?? '' } };
}
