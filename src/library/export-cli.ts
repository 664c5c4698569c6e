// `gatehouse confluence export`: pages of the library as files, without a browser; whoever holds the terminal is an operator.
import { parseArgs } from 'node:util';
import { fileWords } from '../files/file-fault.ts';
import {
  type ExportFormat,
  type ExportOutcome,
  type ExportRequest,
  type ExportScope,
  exportFormats,
} from './export/export.ts';
import { howToGetBrowser } from './export/pdf.ts';

export const exportHelp = `gatehouse confluence export --space KEY | --page-id ID [--format html|markdown|pdf]

  Writes pages of the library into EXPORTS_DIR, in a folder for each space. Confluence is not asked:
  \`gatehouse confluence sync\` fetches the pages first.

  --space KEY    every page of a space; as HTML with an index.html that leads to each
  --page-id ID   one page
  --format       html (where nothing is said): a file that needs nothing beside it
                 markdown: its pictures lie in "files"
                 pdf: printed by a Chromium on this machine; CHROMIUM_BIN names another program

Exit code 0: done; 1: not all of it could be done, and why; 2: the command is wrong.`;

export interface ExportCommand {
  /** Opened once the arguments make sense. */
  open(): Promise<{
    exportPages(request: ExportRequest): Promise<ExportOutcome>;
    /** EXPORTS_DIR. */
    readonly folder: string;
    close(): Promise<void>;
  }>;
  readonly progress: { show(done: number, total: number): void; end(): void };
  out(line: string): void;
  err(line: string): void;
  /** Calls back when somebody wants it to end. @returns stops listening */
  onInterrupt(stop: () => void): () => void;
}

/** @returns the exit code: 0 done, 1 not all of it, 2 the command is wrong */
export async function runExportCommand(args: readonly string[], deps: ExportCommand): Promise<number> {
  const say = (line: string) => deps.err(`gatehouse confluence export: ${plain(line)}`);
  const read = readExportArgs(args);
  if (read === 'help') {
    deps.out(exportHelp);
    return 0;
  }
  if ('wrong' in read) {
    say(`${read.wrong}; see \`gatehouse confluence export --help\``);
    return 2;
  }
  const { exportPages, folder, close } = await deps.open();
  try {
    const stopping = new AbortController();
    const deaf = deps.onInterrupt(() => stopping.abort());
    let outcome: ExportOutcome;
    try {
      const onProgress = (done: number, total: number) => deps.progress.show(done, total);
      outcome = await exportPages({ ...read, by: 'terminal', onProgress, signal: stopping.signal });
    } finally {
      deaf();
      deps.progress.end();
    }
    if (outcome.kind !== 'done') {
      say(fault(outcome, read.scope, folder));
      return 1;
    }
    const { files, failed } = outcome;
    deps.out(plain(`${files} ${files === 1 ? 'file' : 'files'} in ${outcome.folder}`));
    for (const { title, reason } of failed) say(`${title}: ${reason}`);
    if (stopping.signal.aborted)
      say('it was stopped, so pages can be missing; start it again for all of them');
    return failed.length > 0 || stopping.signal.aborted ? 1 : 0;
  } finally {
    await close();
  }
}

type Asked = { readonly scope: ExportScope; readonly format: ExportFormat };

export function readExportArgs(args: readonly string[]): Asked | 'help' | { readonly wrong: string } {
  const text = { type: 'string' } as const;
  const options = {
    ...{ space: text, 'page-id': text, format: { ...text, default: 'html' } },
    help: { type: 'boolean', short: 'h' },
  } as const;
  try {
    const { space, 'page-id': page, format: name, help } = parseArgs({ args: [...args], options }).values;
    if (help) return 'help';
    if ((space === undefined) === (page === undefined))
      return { wrong: 'say --space KEY or --page-id ID, one of them' };
    const format = exportFormats.find((one) => one === name);
    if (format === undefined) return { wrong: '--format is html, markdown or pdf' };
    return { scope: space === undefined ? { page: page ?? '' } : { space }, format };
  } catch (error) {
    return { wrong: error instanceof Error ? (error.message.split('. ')[0] ?? '') : '' };
  }
}

/** What is wrong and what to do. */
function fault(
  outcome: Exclude<ExportOutcome, { kind: 'done' }>,
  scope: ExportScope,
  folder: string,
): string {
  switch (outcome.kind) {
    case 'unknown':
      return `there is no ${'page' in scope ? `page ${scope.page}` : `space ${scope.space}`} in the library; fetch it with \`gatehouse confluence sync\` first`;
    case 'busy':
      return 'another export is running; start this one again when it has ended';
    case 'no-browser':
      return `PDF needs Chromium, and there is none on this machine. ${howToGetBrowser}`;
    case 'unwritable':
      return fileWords({ path: folder, setting: 'EXPORTS_DIR' }, outcome.why ?? 'not-a-folder');
  }
}

/** What people named cannot steer the terminal. */
function plain(line: string): string {
  return line.replace(/\p{Cc}|\p{Cf}/gu, '?');
}
