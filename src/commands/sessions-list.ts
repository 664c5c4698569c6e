// `gatehouse sessions list`: who is signed in, as a table or as the JSON of the API.
import { ago, ahead, deviceName } from '../../views/format.ts';
import { livePage } from '../sessions/pages/session-actions.ts';
import { type SessionSummary, summaryOfRow, viewSession } from '../sessions/rules/session-view.ts';
import type { SessionTable } from '../store/contract-sessions.ts';
import type { SessionsParts } from './sessions-open.ts';
import { type ExitCode, type Say, table } from './terminal.ts';

export interface ListTask {
  readonly task: 'list';
  readonly email: string | undefined;
  readonly json: boolean;
  readonly limit: number;
}

export async function list(
  task: ListTask,
  sessions: SessionTable,
  { limits, now }: Pick<SessionsParts, 'limits' | 'now'>,
  say: Say,
): Promise<ExitCode> {
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
    say.json({ sessions: found.map((one) => viewSession(one, undefined)), next: next ?? null });
    return 0;
  }
  if (found.length === 0)
    say.line(task.email === undefined ? 'Nobody is signed in.' : 'Nobody with such an address is signed in.');
  else for (const line of table([titles, ...found.map((one) => cellsOf(one, now()))])) say.line(line);
  if (next !== undefined) say.note(`There are more; --limit ${task.limit * 2} shows them.`);
  return 0;
}

const titles = ['HANDLE', 'PERSON', 'DEVICE', 'NETWORK', 'LAST SEEN', 'ENDS'];

function cellsOf(session: SessionSummary, now: number): string[] {
  const { handle, email, device, network, lastSeenAt, expiresAt } = session;
  return [handle, email, deviceName(device), network, ago(lastSeenAt, now), ahead(expiresAt, now)];
}
