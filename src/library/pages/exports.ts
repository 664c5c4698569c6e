// GET and POST /library/exports, GET /library/exports/:id. app.ts lets only operators reach these.

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import { type ExportsProps, libraryExports } from '../../../views/library-exports.ts';
import { fileWords } from '../../files/file-fault.ts';
import { HttpError } from '../../http/errors.ts';
import { parseInput, tokenField } from '../../http/form.ts';
import { replacePolicy } from '../../http/headers.ts';
import { whileAdmitted } from '../../http/long-response.ts';
import { pageFrame, sendPage } from '../../http/page.ts';
import { personOf } from '../../http/person.ts';
import { exportFormats } from '../export/export.ts';
import { disposition } from '../export/file-names.ts';
import { listExports } from '../export/folder.ts';
import type { ExportJobs, ExportState } from '../export/job.ts';
import { howToGetBrowser } from '../export/pdf.ts';
import type { LibraryOptions } from './options.ts';

const listed = 200;
const id = z.string().min(1).max(200);
const form = z.strictObject({
  ...tokenField,
  page: id.optional(),
  space: id.optional(),
  format: z.enum(exportFormats),
});

export function exportsPage({ library, now }: LibraryOptions, jobs: ExportJobs): RequestHandler {
  return (req, res) => {
    const files = listExports(library.exportsFolder);
    const page = libraryExports(pageFrame(req, res), {
      now: now(),
      folder: library.exportsFolder,
      files: files.slice(0, listed),
      more: Math.max(0, files.length - listed),
      current: wordsOf(jobs.state(), library.exportsFolder),
    });
    sendPage(res, page);
  };
}

export function startExport({ library }: LibraryOptions, jobs: ExportJobs): RequestHandler {
  return async (req, res) => {
    const { page, space, format } = parseInput(form, req.body);
    if ((page === undefined) === (space === undefined)) throw new HttpError('bad_request');
    const isKnown =
      page === undefined ? library.pages.spaces().some(({ key }) => key === space) : library.pages.page(page);
    if (!isKnown) throw new HttpError('not_found');
    const { id: person, email } = personOf(res);
    const scope = page === undefined ? { space: space ?? '' } : { page };
    await jobs.start({ scope, format, by: { id: person, email } });
    res.redirect(303, '/library/exports');
  };
}

/** Always a download: an exported page is never displayed on this site's origin. */
export function sendExport({ library }: LibraryOptions): RequestHandler {
  return async (req, res) => {
    const file = listExports(library.exportsFolder).find(({ id: one }) => one === req.params['id']);
    const handle =
      file &&
      (await open(file.path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)).catch(() => undefined));
    if (!file || !handle) throw new HttpError('not_found');
    const { size } = await handle.stat();
    replacePolicy(res, "default-src 'none'; frame-ancestors 'none'; sandbox");
    res.setHeader('X-Frame-Options', 'DENY');
    res.setHeader('Content-Type', 'application/octet-stream');
    res.setHeader('Content-Length', size);
    res.setHeader('Content-Disposition', disposition('attachment', basename(file.path)));
    if (req.method === 'HEAD') {
      await handle.close();
      res.end();
      return;
    }
    await pipeline(whileAdmitted(res, handle.createReadStream()), res).catch(() => res.destroy());
  };
}

function wordsOf(state: ExportState, folder: string): ExportsProps['current'] {
  if (state.state === 'none') return undefined;
  if (state.state === 'running') return state;
  const { outcome } = state;
  const refused = (title: string, detail: string) => ({ state: 'refused', title, detail }) as const;
  switch (outcome.kind) {
    case 'done':
      return { state: 'done', files: outcome.files, failed: outcome.failed };
    case 'busy':
      return refused(
        'Another export is running',
        'It may be one in the terminal. Start this one again when it has ended.',
      );
    case 'no-browser':
      return refused('PDF needs Chromium, and there is none on this machine', howToGetBrowser);
    case 'unwritable':
      return refused(
        'The folder cannot be written',
        `Nothing was exported. ${fileWords({ path: folder, setting: 'EXPORTS_DIR' }, outcome.why ?? 'not-a-folder')}.`,
      );
    case 'unknown':
      return refused('There is nothing to export', 'The page or space is gone from the library.');
    case 'memory':
      return refused(
        'The export needed more memory than allowed',
        'What was written before stays. A very long page is the usual reason: export the others one by one.',
      );
    case 'failed':
      return refused(
        'The export did not come to its end',
        'What was written before stays. Start it again; if it fails again, the log says why.',
      );
  }
}
