// What `gatehouse sessions …` was asked to do, or what is wrong with it in one line.
import { parseArgs } from 'node:util';

export const help = `gatehouse sessions list [--email PREFIX] [--limit N] [--json]
gatehouse sessions revoke HANDLE | --person EMAIL | --all --yes   [--no-wait]

  list     who is signed in, the one seen last first; with --email in the order of addresses
  revoke   ends one session, all of a person, or everyone's, here and at the gate,
           and waits until the gate was looked at again (about 12 s; --no-wait: does not)`;

export interface ListTask {
  readonly task: 'list';
  readonly email: string | undefined;
  readonly json: boolean;
  readonly limit: number;
}
export interface RevokeTask {
  readonly task: 'revoke';
  readonly whom: { readonly handle: string } | { readonly email: string } | 'all';
  readonly waits: boolean;
}

export function readArgs(
  args: readonly string[],
): ListTask | RevokeTask | { task: 'help' } | { wrong: string } {
  const [task, ...rest] = args;
  if (task === 'list') return readList(rest);
  if (task === 'revoke') return readRevoke(rest);
  if (task === '--help' || task === '-h' || task === 'help') return { task: 'help' };
  return { wrong: task === undefined ? 'say list or revoke' : `there is no "${plain(task)}"` };
}

function readList(args: string[]): ListTask | { wrong: string } {
  const options = {
    email: { type: 'string' },
    json: { type: 'boolean', default: false },
    limit: { type: 'string', default: '50' },
  } as const;
  const parsed = attemptParse(() => parseArgs({ args, options }));
  if ('wrong' in parsed) return parsed;
  const { email, json, limit } = parsed.values;
  if (!/^[1-9]\d{0,4}$/.test(limit)) return { wrong: '--limit takes a number from 1 to 99999' };
  return { task: 'list', email: email?.toLowerCase(), json, limit: Number(limit) };
}

function readRevoke(args: string[]): RevokeTask | { wrong: string } {
  const options = {
    person: { type: 'string' },
    all: { type: 'boolean', default: false },
    yes: { type: 'boolean', default: false },
    'no-wait': { type: 'boolean', default: false },
  } as const;
  // One handle in thirty begins with a dash; no option is as long as a handle.
  const dashed = args.includes('--') ? [] : args.filter((arg) => /^-[\w-]{11}$/.test(arg));
  const others = args.filter((arg) => !dashed.includes(arg));
  const sorted = dashed.length === 0 ? args : [...others, '--', ...dashed];
  const parsed = attemptParse(() => parseArgs({ args: sorted, options, allowPositionals: true }));
  if ('wrong' in parsed) return parsed;
  const { person, all, yes, 'no-wait': noWait } = parsed.values;
  const [handle] = parsed.positionals;
  const named = parsed.positionals.length + (person === undefined ? 0 : 1) + (all ? 1 : 0);
  if (named !== 1) return { wrong: 'say one of HANDLE, --person EMAIL, --all' };
  const common = { task: 'revoke', waits: !noWait } as const;
  if (all) return yes ? { ...common, whom: 'all' } : { wrong: '--all signs out everyone: add --yes' };
  if (person !== undefined) {
    return person.includes('@')
      ? { ...common, whom: { email: person.toLowerCase() } }
      : { wrong: '--person takes a whole address' };
  }
  return { ...common, whom: { handle: handle ?? '' } };
}

function attemptParse<T>(work: () => T): T | { wrong: string } {
  try {
    return work();
  } catch (error) {
    const text = error instanceof Error ? error.message : '';
    return { wrong: plain(text.split('. ')[0] ?? text) };
  }
}

/** What came from outside must not steer the terminal. */
export function plain(text: string): string {
  return text.replace(/\p{Cc}|\p{Cf}/gu, '?');
}
