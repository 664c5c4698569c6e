// The library's routes, with what reads and exports in the background.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config } from './config/derive.ts';
import type { Logger } from './http/log.ts';
import { type BoundRoute, bindRoutes } from './http/routes.ts';
import type { LibraryPages, LibraryParts } from './library/contract.ts';
import { type PageStyle, pageStyle } from './library/document.ts';
import { createExportJobs } from './library/export-job.ts';
import { exportInThread } from './library/export-thread.ts';
import type { LibraryOptions } from './library/options.ts';
import { libraryRoutes } from './library/routes.ts';
import { createReadingThread, type ThreadData } from './library/thread.ts';

export interface LibraryRouteParts extends Pick<LibraryOptions, 'library' | 'recorder' | 'now' | 'personOf'> {
  readonly config: Config;
  readonly logger: Logger;
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

export function bindLibrary({ config, logger, ...parts }: LibraryRouteParts): BoundRoute[] {
  const style = libraryStyle();
  const data = threadData(parts.library, style);
  return bindRoutes(libraryRoutes, {
    ...parts,
    style,
    thread: createReadingThread(threadEntry, data),
    jobs: createExportJobs(exportInThread(threadEntry, data, parts.recorder), logger),
    publicOrigin: config.publicOrigin,
  });
}
