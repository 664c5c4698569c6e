// `gatehouse sessions list|revoke`: the desk without a browser, by the same rules; whoever holds the terminal is an operator.
import type { SessionTable, Store } from '../store/contract.ts';
import { help, type ListTask, plain, readArgs } from './cli-options.ts';
import { revoke } from './cli-revoke.ts';
import { sessionLines } from './cli-table.ts';
import { livePage } from './pages/session-actions.ts';
import type { Revocation } from './revocation/revoke.ts';
import type { SessionLimits } from './rules/session.ts';
import { summaryOfRow, viewSession } from './rules/session-view.ts';

export interface SessionsCommand {
  /** The store and the gate's endings, opened once the arguments make sense. */
  open(): Promise<{
    readonly store: Pick<Store, 'sessions'>;
    readonly revocation: Revocation;
    close(): Promise<void>;
  }>;
  readonly limits: SessionLimits;
  readonly now: () => number;
  /** Resolves after so many milliseconds. */
  readonly wait: (ms: number) => Promise<unknown>;
  out(line: string): void;
  err(line: string): void;
}

/** @returns the exit code: 0 done, 1 there is no such session or person, 2 the command is wrong */
export async function runSessionsCommand(args: readonly string[], deps: SessionsCommand): Promise<number> {
  const read = readArgs(args);
  if ('wrong' in read) {
    deps.err(`gatehouse sessions: ${read.wrong}; see \`gatehouse sessions --help\``);
    return 2;
  }
  if (read.task === 'help') {
    deps.out(help);
    return 0;
  }
  const sessionControl = await deps.open();
  try {
    return read.task === 'list'
      ? await list(read, sessionControl.store.sessions, deps)
      : await revoke(read, sessionControl.store.sessions, sessionControl.revocation, deps);
  } finally {
    await sessionControl.close();
  }
}

async function list(task: ListTask, sessions: SessionTable, deps: SessionsCommand): Promise<number> {
  const { limits, now, out, err } = deps;
  const query =
    task.email === undefined
      ? ({ sort: 'seen' } as const)
      : ({ sort: 'email', emailPrefix: task.email } as const);
  const rows = [];
  let next: string | undefined;
  do {
    const limit = Math.min(100, task.limit - rows.length);
    const page = await livePage(
      { ...query, limit, ...(next !== undefined && { cursor: next }) },
      { sessions, limits, now },
    );
    rows.push(...page.rows);
    next = page.next;
  } while (next !== undefined && rows.length < task.limit);
  const found = rows.map((row) => summaryOfRow(row, limits));
  if (task.json) {
    out(
      JSON.stringify(
        { sessions: found.map((one) => viewSession(one, undefined)), next: next ?? null },
        null,
        2,
      ),
    );
    return 0;
  }
  if (found.length === 0)
    out(task.email === undefined ? 'Nobody is signed in.' : 'Nobody with such an address is signed in.');
  else for (const line of sessionLines(found, now())) out(plain(line));
  if (next !== undefined) err(`There are more; --limit ${task.limit * 2} shows them.`);
  return 0;
}
