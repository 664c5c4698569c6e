// The library's routes, with what reads and exports in the background.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Config } from './config/derive.ts';
import type { Logger } from './http/log.ts';
import { type BoundRoute, bindRoutes } from './http/routes.ts';
import type { ChildData } from './library/child.ts';
import type { LibraryPages, LibraryParts } from './library/contract.ts';
import { type PageStyle, pageStyle } from './library/document.ts';
import { exportInChild } from './library/export-child.ts';
import { createExportJobs } from './library/export-job.ts';
import type { LibraryOptions } from './library/options.ts';
import { createReadingChild, type ReadingOptions } from './library/reading-child.ts';
import { libraryRoutes } from './library/routes.ts';

export interface LibraryRouteParts extends Pick<LibraryOptions, 'library' | 'recorder' | 'now' | 'personOf'> {
  readonly config: Config;
  readonly logger: Logger;
  /** What the process that reads may use; absent: as measured. */
  readonly reading?: ReadingOptions;
  /** Calls when the server stops. */
  readonly onStop: (listener: () => void) => unknown;
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

const childEntry = new URL('./library-child.ts', import.meta.url);

/** A process opens the library's file itself. */
function childData({ pages, url, exportsFolder }: LibraryParts, style: PageStyle): ChildData {
  const file = pages.database.location();
  if (file === null) throw new Error('a library in memory cannot be read by a second process');
  return { dataDir: dirname(file), url, exportsFolder, style };
}

export function bindLibrary({
  config,
  logger,
  onStop,
  reading: limits,
  ...parts
}: LibraryRouteParts): BoundRoute[] {
  const style = libraryStyle();
  const data = childData(parts.library, style);
  const reading = createReadingChild(childEntry, data, limits);
  onStop(reading.close);
  return bindRoutes(libraryRoutes, {
    ...parts,
    style,
    reading,
    jobs: createExportJobs(exportInChild(childEntry, data, parts.recorder), logger),
    publicOrigin: config.publicOrigin,
  });
}
