// What `gatehouse confluence sync` and `status` do, and what they print.
import type { Confluence, ConfluenceStatus, SyncSummary, TestResult } from '../confluence/confluence.ts';
import { isRefusal, wordsFor } from '../confluence/outcomes.ts';
import type { Run } from '../confluence/runs.ts';
import type { Scope } from '../confluence/scope.ts';
import type { Screen } from './progress-line.ts';
import { createProgressLine } from './progress-line.ts';
import type { ExitCode, Say } from './terminal.ts';

export interface SyncTask {
  readonly task: 'sync';
  readonly scope: Scope;
  readonly json: boolean;
}

export interface ConfluenceParts {
  /** Opened only if the arguments are valid; `missing`: no address is configured. */
  open(): Promise<{ readonly confluence: Confluence; close(): Promise<void> } | { readonly missing: true }>;
  readonly now: () => number;
  /** Where progress is shown: separate from the answer. */
  readonly screen: Screen;
  /** Calls back when the user interrupts. @returns how to stop listening */
  onInterrupt(stop: () => void): () => void;
}

export async function sync(
  { scope, json }: SyncTask,
  confluence: Confluence,
  { screen, now, onInterrupt }: ConfluenceParts,
  say: Say,
): Promise<ExitCode> {
  const line = createProgressLine(screen, now);
  const unsubscribe = confluence.progress.subscribe((progress) => line.show(progress));
  const stopListening = onInterrupt(() => void confluence.stop());
  let ended: Awaited<ReturnType<Confluence['sync']>>;
  try {
    ended = await confluence.sync(scope, 'terminal');
  } finally {
    stopListening();
    unsubscribe();
    line.end();
  }
  if ('busy' in ended) {
    say.fault('another sync is running; wait until it has ended');
    return 1;
  }
  if (json) say.json(ended);
  else for (const text of summaryLines(ended)) say.line(text);
  if (ended.state !== 'done') say.fault(adviceFor(ended));
  return ended.state === 'done' && ended.failed === 0 ? 0 : 1;
}

function summaryLines(ended: SyncSummary): string[] {
  const seconds = Math.max(0, Math.round(((ended.endedAt ?? ended.startedAt) - ended.startedAt) / 1000));
  const heads = { done: 'Done', paused: 'Paused', failed: 'Failed', running: 'Running' };
  return [
    `${heads[ended.state]}${ended.resumed ? ', continuing an earlier sync' : ''}: ${ended.found} pages seen, ${seconds} s, ${ended.requests} requests`,
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
    return `${words} Renew the cookies on the vault page or with \`gatehouse vault load\`, or set another token, and start the sync again: it continues where it stopped.`;
  }
  return `${words} Start the sync again later: it continues where it stopped.`;
}

export async function showStatus(json: boolean, confluence: Confluence, say: Say): Promise<ExitCode> {
  const [present, test] = [confluence.status(), await confluence.test()];
  if (json) say.json({ ...present, last: present.last ?? null, credentials: test });
  else for (const line of statusLines(present, test)) say.line(line);
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
    `Credentials  ${test.ok ? `accepted: Confluence knows us as ${test.as}` : wordsFor(test.reason)}`,
  ];
}
