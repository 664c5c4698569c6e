// The library's addresses, behind the gate, the session and the anti-forgery check: members read, operators export and start syncs.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Express, RequestHandler, Response } from 'express';
import type { Recorder } from './audit/recorder.ts';
import type { Config } from './config/derive.ts';
import { onlyMethods } from './http/errors.ts';
import type { Logger } from './http/log.ts';
import type { LibraryPages, LibraryParts } from './library/contract.ts';
import { type PageStyle, pageStyle } from './library/document.ts';
import { createExportJobs } from './library/export-job.ts';
import { exportsPage, sendExport, startExport } from './library/export-pages.ts';
import { exportInThread } from './library/export-thread.ts';
import { homePage, progressPart, spacePage, startSync } from './library/home.ts';
import type { LibraryOptions, Reader } from './library/options.ts';
import { sendAttachment, showBody, showPage } from './library/page.ts';
import { createReadingThread, type ThreadData } from './library/thread.ts';

/** Everything here needs the member chain before it. */
export const libraryPaths = ['/library', '/library/*path'];

export interface LibraryRoutes {
  readonly config: Config;
  readonly library: LibraryParts;
  readonly recorder: Recorder;
  readonly logger: Logger;
  readonly now: () => number;
  /** Lets only operators on. */
  readonly operator: RequestHandler;
  readonly personOf: (res: Response) => Reader;
}

/** The stylesheet of pages, in their frame and in files. */
export const libraryStyle = () =>
  pageStyle(readFileSync(resolve(import.meta.dirname, '../public/page.css'), 'utf8'));

/** What the pages and the export command are given. */
export function libraryParts(
  config: Config,
  pages: LibraryPages,
  sync: Pick<LibraryParts, 'startSync' | 'progress'> = {},
): LibraryParts {
  const { url, exportsDir } = config.confluence;
  return { pages, url, exportsFolder: resolve(exportsDir), ...sync };
}

const threadEntry = new URL('./library-thread.ts', import.meta.url);

/** A thread opens the library's file itself. */
function threadData({ pages, url, exportsFolder }: LibraryParts, style: PageStyle): ThreadData {
  const file = pages.database.location();
  if (file === null) throw new Error('a library in memory cannot be read by a second thread');
  return { dataDir: dirname(file), url, exportsFolder, style };
}

export function addLibraryRoutes(app: Express, routes: LibraryRoutes): void {
  const { config, library, recorder, logger, now, operator, personOf } = routes;
  const style = libraryStyle();
  const data = threadData(library, style);
  const thread = createReadingThread(threadEntry, data);
  const options: LibraryOptions = { library, recorder, style, thread, personOf, now };
  const jobs = createExportJobs(exportInThread(threadEntry, data, recorder), logger);

  app.get('/library', homePage(options));
  app.get('/library/spaces/:key', spacePage(options));
  app.get('/library/progress', progressPart(options));
  app.get('/library/pages/:id', showPage(options));
  app.get('/library/pages/:id/body', showBody(options, config.publicOrigin));
  app.get('/library/attachments/:id', sendAttachment(options));

  app.all(['/library/sync', '/library/exports', '/library/exports/:id'], operator);
  app.post('/library/sync', startSync(options));
  app.get('/library/exports', exportsPage(options, jobs));
  app.post('/library/exports', startExport(options, jobs));
  app.get('/library/exports/:id', sendExport(options));

  app.all('/library/sync', onlyMethods('POST'));
  app.all('/library/exports', onlyMethods('GET', 'POST'));
  app.all(
    [
      '/library',
      '/library/spaces/:key',
      '/library/progress',
      '/library/pages/:id',
      '/library/pages/:id/body',
      '/library/attachments/:id',
      '/library/exports/:id',
    ],
    onlyMethods('GET'),
  );
}
