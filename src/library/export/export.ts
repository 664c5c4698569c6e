// Exports pages into the exports folder: recorded first, one export at a time, file names that every system accepts.
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PersonRef, Recorder } from '../../audit/recorder.ts';
import { type FileFault, faultWords } from '../../files/file-fault.ts';
import { fileFaultOf } from '../../files/file-refused.ts';
import { withLock } from '../../store/file-lock.ts';
import type { LibraryPages, Page, Space, TreeEntry } from '../contract.ts';
import type { PageStyle } from '../render/document.ts';
import { folderName, namesOf, safeName } from './file-names.ts';
import { makeFolder, writeExport } from './folder.ts';
import { htmlFile, indexFile, markdownFile, type PageFileOptions } from './page-file.ts';
import { findBrowser, printPdf } from './pdf.ts';

export const exportFormats = ['html', 'markdown', 'pdf'] as const;
export type ExportFormat = (typeof exportFormats)[number];
export type ExportScope = { readonly page: string } | { readonly space: string };

export interface ExportParts {
  readonly pages: LibraryPages;
  /** Confluence's address. */
  readonly url: string | undefined;
  /** Created if missing. */
  readonly exportsFolder: string;
  readonly style: PageStyle;
  readonly recorder: Pick<Recorder, 'write'>;
}

export interface FailedPage {
  readonly title: string;
  readonly reason: string;
}

export type ExportOutcome =
  /** `folder`: holds the files; pages that failed are not among them. */
  | {
      readonly kind: 'done';
      readonly folder: string;
      readonly files: number;
      readonly failed: readonly FailedPage[];
    }
  | { readonly kind: 'unknown' | 'busy' | 'no-browser' }
  /** `why`: the file system's error, if there was one. */
  | { readonly kind: 'unwritable'; readonly why: FileFault | undefined };

export interface ExportRequest {
  readonly scope: ExportScope;
  readonly format: ExportFormat;
  readonly by: (PersonRef & { readonly id: string }) | 'terminal';
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops the export after the page that is being written. */
  readonly signal?: AbortSignal;
}

const endings = { html: 'html', markdown: 'md', pdf: 'pdf' } as const;

/** @throws RecordUnavailable: then nothing was written */
export async function exportPages(request: ExportRequest, parts: ExportParts): Promise<ExportOutcome> {
  const job = jobOf(request, parts);
  if (!job) return { kind: 'unknown' };
  const browser = request.format === 'pdf' ? findBrowser() : undefined;
  if (request.format === 'pdf' && !browser) return { kind: 'no-browser' };
  const { by, format, scope } = request;
  await parts.recorder.write({
    event: 'library.exported',
    ...(by === 'terminal' ? { by } : { person: by }),
    facts: {
      format,
      pages: job.ids.length,
      ...('page' in scope ? { page: scope.page } : { space: scope.space }),
    },
  });
  try {
    makeFolder(parts.exportsFolder);
    const locked = await withLock(join(parts.exportsFolder, '.export'), 0, () =>
      run(job, browser, request, parts),
    );
    return 'busy' in locked ? { kind: 'busy' } : locked.value;
  } catch (error) {
    return { kind: 'unwritable', why: fileFaultOf(error) };
  }
}

interface Job {
  readonly space: Space | undefined;
  readonly folder: string;
  readonly ids: readonly string[];
  readonly tree: readonly TreeEntry[];
  /** Covers every page of the space, so that a page has the same name however it is exported. */
  readonly names: ReadonlyMap<string, string>;
}

function jobOf({ scope }: ExportRequest, { pages, exportsFolder }: ExportParts): Job | undefined {
  const page = 'page' in scope ? pages.page(scope.page) : undefined;
  const key = 'space' in scope ? scope.space : page?.space;
  if (key === undefined) return undefined;
  const space = pages.spaces().find((one) => one.key === key);
  if ('space' in scope && !space) return undefined;
  const tree = pages.tree(key);
  // A page that was removed at Confluence is no longer in the tree; it is named after all pages that are.
  const named = page && !tree.some(({ id }) => id === page.id) ? [...tree, page] : tree;
  return {
    space: 'space' in scope ? space : undefined,
    folder: join(exportsFolder, folderName(key)),
    ids: page ? [page.id] : tree.map(({ id }) => id),
    tree,
    names: namesOf(named),
  };
}

async function run(
  job: Job,
  browser: string | undefined,
  request: ExportRequest,
  parts: ExportParts,
): Promise<ExportOutcome> {
  const { format, onProgress, signal } = request;
  makeFolder(job.folder);
  // A PDF is printed on its own, so a path to a file next to it would lead nowhere.
  const isSet = job.space !== undefined && format !== 'pdf';
  const options: PageFileOptions = {
    pages: parts.pages,
    url: parts.url,
    beside: (id) => (isSet && job.names.has(id) ? `${job.names.get(id)}.${endings[format]}` : undefined),
  };
  const failed: FailedPage[] = [];
  let files = 0;
  for (const [index, id] of job.ids.entries()) {
    if (signal?.aborted) break;
    const page = parts.pages.page(id);
    if (page) {
      const reason = await exportPage(page, job, browser, options, request, parts);
      if (reason === undefined) files++;
      else failed.push({ title: page.title, reason });
    }
    onProgress?.(index + 1, job.ids.length);
    // Lets other requests run between two pages.
    await nextTurn();
  }
  if (job.space && format === 'html' && !signal?.aborted) {
    const entries = job.tree.map(({ id, title, depth }) => ({
      title,
      depth,
      name: `${job.names.get(id)}.html`,
    }));
    writeExport(
      job.folder,
      'index.html',
      indexFile(job.space, entries, { style: parts.style, fetchedAt: job.space.fetchedAt }),
    );
    files++;
  }
  return { kind: 'done', folder: job.folder, files, failed };
}

/** @returns why it was not written */
async function exportPage(
  page: Page,
  { folder, names }: Job,
  browser: string | undefined,
  options: PageFileOptions,
  { format }: ExportRequest,
  { exportsFolder, style }: ExportParts,
): Promise<string | undefined> {
  const name = `${names.get(page.id) ?? safeName(page.id)}.${endings[format]}`;
  try {
    if (format === 'html') writeExport(folder, name, htmlFile(page, { ...options, style }));
    else if (format === 'markdown') {
      const file = markdownFile(page, options);
      if (!file) return 'too large for Markdown; export it as HTML';
      for (const picture of file.pictures) writeExport(join(folder, 'files'), picture.name, picture.data);
      writeExport(folder, name, file.text);
    } else if (browser !== undefined) {
      const printed = await printPdf(browser, htmlFile(page, { ...options, style }), exportsFolder);
      if ('fault' in printed)
        return printed.fault === 'timeout'
          ? 'printing took longer than a minute'
          : 'Chromium could not print it';
      writeExport(folder, name, printed.pdf);
    }
  } catch (error) {
    const fault = fileFaultOf(error);
    return fault ? `the file ${faultWords(fault)}` : 'something other than a folder of exports is in the way';
  }
  return undefined;
}
