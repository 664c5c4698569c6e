// The library's routes, with what reads and exports in the background.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { confirmChange, keepAsking } from '../audit/confirmed-change.ts';
import type { Recorder } from '../audit/recorder.ts';
import type { Config } from '../config/derive.ts';
import { HttpError } from '../http/errors.ts';
import type { Logger } from '../http/log.ts';
import { type BoundRoute, bindRoutes } from '../http/routes.ts';
import type { LibraryPages, LibraryParts } from '../library/contract.ts';
import { exportInChild } from '../library/export/export-process.ts';
import { createExportJobs } from '../library/export/job.ts';
import type { LibraryOptions } from '../library/pages/options.ts';
import type { ChildData } from '../library/process/child-process.ts';
import { createReadingChild, type ReadingOptions } from '../library/process/reading-process.ts';
import { type PageStyle, pageStyle } from '../library/render/document.ts';
import { libraryRoutes } from '../library/routes.ts';

export interface LibraryRouteParts extends Pick<LibraryOptions, 'library' | 'recorder' | 'now'> {
  readonly config: Config;
  readonly logger: Logger;
  /** What the reading process may use; absent: as measured. */
  readonly reading?: ReadingOptions;
  /** Calls `listener` when the server stops. */
  readonly onStop: (listener: () => void) => unknown;
}

/** The stylesheet of pages, in their frame and in files. */
export const libraryStyle = () =>
  pageStyle(readFileSync(resolve(import.meta.dirname, '../../public/page.css'), 'utf8'));

/** The parts for the pages and the export command. */
export function libraryParts(
  config: Config,
  pages: LibraryPages,
  sync: Pick<LibraryParts, 'startSync' | 'progress'> = {},
): LibraryParts {
  const { url, exportsDir } = config.confluence;
  return { pages, url, exportsFolder: resolve(exportsDir), ...sync };
}

const childEntry = new URL('./library-process.ts', import.meta.url);

/** A child process opens the library's file itself. */
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
    jobs: createExportJobs((request) => {
      // Its messages arrive outside the context of a request, so they confirm against the request that started the process.
      const asking = keepAsking();
      const stopping = new AbortController();
      const stopIfEnded = (error: unknown) => {
        if (error instanceof HttpError && error.code === 'session_ended') stopping.abort(error);
      };
      const write: Recorder['write'] = (event) => asking(() => parts.recorder.write(event));
      const onProgress: typeof request.onProgress = (done, total) => {
        request.onProgress?.(done, total);
        asking(confirmChange).catch(stopIfEnded);
      };
      const start = exportInChild(childEntry, data, { write });
      return start({ ...request, onProgress, signal: stopping.signal });
    }, logger),
    publicOrigin: config.publicOrigin,
  });
}
