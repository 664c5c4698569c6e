// `gatehouse confluence export`: pages of the library as files, without a browser; anyone with access to the terminal is an operator.
import { parseArgs } from 'node:util';
import type { ExportFormat, ExportOutcome, ExportScope } from '../library/export/export.ts';
import type { ExportParts } from './export-open.ts';
import { type Command, using, type Wrong } from './terminal.ts';

const formats: readonly ExportFormat[] = ['html', 'markdown', 'pdf'];

const help = `gatehouse confluence export --space KEY | --page-id ID [--format html|markdown|pdf]

  Writes pages of the library to EXPORTS_DIR, in a folder for each space. Confluence is not contacted:
  \`gatehouse confluence sync\` fetches the pages first.

  --space KEY    every page of a space; HTML also gets an index.html that links to each
  --page-id ID   one page
  --format       html (default): one self-contained file
                 markdown: pictures are in "files"
                 pdf: printed by a Chromium on this machine; CHROMIUM_BIN names another program

Exit code: 0 done, 1 incomplete (the output says why), 2 the command is wrong.`;

type ExportTask = { readonly scope: ExportScope; readonly format: ExportFormat };

/** Exit code 1: part of it could not be done. */
export const exportCommand: Command<ExportTask, ExportParts> = {
  name: 'confluence export',
  help,
  read: readExport,
  async parts() {
    const { configuration } = await import('./settings.ts');
    return (await import('./export-open.ts')).exportParts(configuration());
  },
  run: async (task, parts, say) =>
    using(await parts.open(), async ({ exportPages, folder }) => {
      const stopping = new AbortController();
      const stopListening = parts.onInterrupt(() => stopping.abort());
      let outcome: ExportOutcome;
      try {
        const onProgress = (done: number, total: number) => parts.progress.show(done, total);
        outcome = await exportPages({ ...task, by: 'terminal', onProgress, signal: stopping.signal });
      } finally {
        stopListening();
        parts.progress.end();
      }
      if (outcome.kind !== 'done') {
        say.fault(await faultWords(outcome, task.scope, folder));
        return 1;
      }
      const { files, failed } = outcome;
      say.line(`${files} ${files === 1 ? 'file' : 'files'} in ${outcome.folder}`);
      for (const { title, reason } of failed) say.fault(`${title}: ${reason}`);
      if (stopping.signal.aborted)
        say.fault('it was stopped, so pages may be missing; start it again to export all of them');
      return failed.length > 0 || stopping.signal.aborted ? 1 : 0;
    }),
};

function readExport(args: readonly string[]): ExportTask | Wrong {
  const text = { type: 'string' } as const;
  const options = { space: text, 'page-id': text, format: { ...text, default: 'html' } } as const;
  const { space, 'page-id': page, format: name } = parseArgs({ args: [...args], options }).values;
  if ((space === undefined) === (page === undefined))
    return { wrong: 'use either --space KEY or --page-id ID' };
  const format = formats.find((one) => one === name);
  if (format === undefined) return { wrong: '--format is html, markdown or pdf' };
  return { scope: space === undefined ? { page: page ?? '' } : { space }, format };
}

/** What is wrong and what to do. */
async function faultWords(
  outcome: Exclude<ExportOutcome, { kind: 'done' }>,
  scope: ExportScope,
  folder: string,
): Promise<string> {
  switch (outcome.kind) {
    case 'unknown':
      return `there is no ${'page' in scope ? `page ${scope.page}` : `space ${scope.space}`} in the library; fetch it with \`gatehouse confluence sync\` first`;
    case 'busy':
      return 'another export is running; start this one again when it has ended';
    case 'no-browser':
      return `PDF needs Chromium, and there is none on this machine. ${(await import('../library/export/pdf.ts')).howToGetBrowser}`;
    case 'unwritable':
      return (await import('../files/file-fault.ts')).fileWords(
        { path: folder, setting: 'EXPORTS_DIR' },
        outcome.why ?? 'not-a-folder',
      );
  }
}
