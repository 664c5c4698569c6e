// `gatehouse confluence sync|status`: the library without a browser; whoever holds the terminal is an operator.
import { help, plain, plainJson, readArgs, type SyncTask } from './cli-options.ts';
import { createProgressLine, type Screen } from './cli-progress.ts';
import type { Confluence, ConfluenceStatus, SyncSummary, TestResult } from './confluence.ts';
import { isRefusal, wordsFor } from './outcomes.ts';
import type { Run } from './runs.ts';

export interface ConfluenceCommand {
  /** Opened once the arguments make sense; `missing`: no address is configured. */
  open(): Promise<{ readonly confluence: Confluence; close(): Promise<void> } | { readonly missing: true }>;
  readonly now: () => number;
  /** Where the progress goes: not where the answer goes. */
  readonly screen: Screen;
  out(line: string): void;
  err(line: string): void;
  /** Calls back when somebody wants it to end. @returns stops listening */
  onInterrupt(stop: () => void): () => void;
}

/** @returns the exit code: 0 done, 1 paused or failed, 2 the command is wrong */
export async function runConfluenceCommand(
  args: readonly string[],
  deps: ConfluenceCommand,
): Promise<number> {
  const read = readArgs(args);
  if ('wrong' in read) {
    deps.err(`gatehouse confluence: ${read.wrong}; see \`gatehouse confluence --help\``);
    return 2;
  }
  if (read.task === 'help') {
    deps.out(help);
    return 0;
  }
  const opened = await deps.open();
  if ('missing' in opened) {
    deps.err('gatehouse confluence: there is no Confluence; set CONFLUENCE_URL in .env');
    return 2;
  }
  try {
    return read.task === 'sync'
      ? await sync(read, opened.confluence, deps)
      : await status(read.json, opened.confluence, deps);
  } finally {
    await opened.close();
  }
}

async function sync(
  { scope, json }: SyncTask,
  confluence: Confluence,
  deps: ConfluenceCommand,
): Promise<number> {
  const line = createProgressLine(deps.screen, deps.now);
  const unsubscribe = confluence.progress.subscribe((progress) => line.show(progress));
  const deaf = deps.onInterrupt(() => void confluence.stop());
  let ended: Awaited<ReturnType<Confluence['sync']>>;
  try {
    ended = await confluence.sync(scope, 'terminal');
  } finally {
    deaf();
    unsubscribe();
    line.end();
  }
  if ('busy' in ended) {
    deps.err('gatehouse confluence: another sync is running; wait until it has ended');
    return 1;
  }
  if (json) deps.out(plainJson(ended));
  else for (const text of summaryLines(ended)) deps.out(plain(text));
  if (ended.state !== 'done') deps.err(`gatehouse confluence: ${adviceFor(ended)}`);
  return ended.state === 'done' && ended.failed === 0 ? 0 : 1;
}

export function summaryLines(ended: SyncSummary): string[] {
  const seconds = Math.max(0, Math.round(((ended.endedAt ?? ended.startedAt) - ended.startedAt) / 1000));
  const heads = { done: 'Done', paused: 'Paused', failed: 'Failed', running: 'Running' };
  return [
    `${heads[ended.state]}${ended.resumed ? ', after going on with an earlier sync' : ''}: ${ended.found} pages seen, ${seconds} s, ${ended.requests} requests`,
    `  new        ${ended.added}`,
    `  updated    ${ended.updated}`,
    `  moved      ${ended.moved}`,
    `  unchanged  ${ended.unchanged}`,
    `  removed    ${ended.removed}`,
    `  files      ${ended.files} (${(ended.bytes / 1e6).toFixed(1)} MB)`,
    `  failed     ${ended.failed}`,
    ...ended.failures.map(
      ({ title, file, reason }) => `    ${title}${file === '' ? '' : ` / ${file}`}: ${wordsFor(reason)}`,
    ),
    ...(ended.failed > ended.failures.length ? [`    and ${ended.failed - ended.failures.length} more`] : []),
  ];
}

/** What is wrong and what to do. */
function adviceFor({ reason }: Pick<Run, 'reason'>): string {
  const words = wordsFor(reason ?? '');
  if (reason !== null && isRefusal(reason)) {
    return `${words} Renew the cookies on the vault page or with \`gatehouse vault load\`, or set another token, and start the sync again: it goes on where it was.`;
  }
  return `${words} Start the sync again later: it goes on where it was.`;
}

async function status(json: boolean, confluence: Confluence, deps: ConfluenceCommand): Promise<number> {
  const [present, test] = [confluence.status(), await confluence.test()];
  if (json) deps.out(plainJson({ ...present, last: present.last ?? null, credentials: test }));
  else for (const line of statusLines(present, test)) deps.out(plain(line));
  return test.ok ? 0 : 1;
}

function statusLines(
  { last, running, pages, attachments, toDo, failed }: ConfluenceStatus,
  test: TestResult,
): string[] {
  const states = {
    done: 'done',
    paused: 'paused',
    failed: 'failed',
    running: running ? 'running' : 'interrupted',
  };
  return [
    `Library      ${pages} pages, ${attachments} attachments`,
    last
      ? `Last sync    ${states[last.state]}, begun ${new Date(last.startedAt).toISOString()}: ${last.added} new, ${last.updated} updated, ${last.removed} removed, ${failed} failed`
      : 'Last sync    none yet',
    ...(last?.reason ? [`             ${wordsFor(last.reason)}`] : []),
    ...(toDo > 0 ? [`To do        ${toDo} pages`] : []),
    `Credentials  ${test.ok ? `taken: Confluence knows us as ${test.as}` : wordsFor(test.reason)}`,
  ];
}
