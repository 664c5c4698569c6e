// What `gatehouse confluence export` works with: the library, the record, and the folder of exports.
import type { Config } from '../config/derive.ts';
import { openLibrary } from '../confluence/library-store.ts';
import { idle } from '../confluence/progress.ts';
import type { ExportOutcome, ExportRequest } from '../library/export/export.ts';
import { exportPages } from '../library/export/export.ts';
import { libraryParts, libraryStyle } from '../wiring/library.ts';
import { openDeployment } from './deployment.ts';
import { createProgressLine, onInterrupt, processScreen } from './progress-line.ts';

export interface ExportParts {
  /** Opened only if the arguments are valid. */
  open(): Promise<{
    exportPages(request: ExportRequest): Promise<ExportOutcome>;
    /** EXPORTS_DIR. */
    readonly folder: string;
    close(): Promise<void>;
  }>;
  readonly progress: { show(done: number, total: number): void; end(): void };
  /** Calls back when the user interrupts. @returns how to stop listening */
  onInterrupt(stop: () => void): () => void;
}

export function exportParts(config: Config): ExportParts {
  const line = createProgressLine(processScreen(), Date.now);
  return {
    progress: {
      show: (done, total) => line.show({ ...idle, state: 'fetching', done, total }),
      end: line.end,
    },
    onInterrupt,
    async open() {
      const { recorder, close } = await openDeployment(config);
      const library = openLibrary(config.dataDir);
      const { pages, url, exportsFolder } = libraryParts(config, library);
      const parts = { pages, url, exportsFolder, style: libraryStyle(), recorder };
      return {
        exportPages: (request) => exportPages(request, parts),
        folder: exportsFolder,
        async close() {
          library.close();
          await close();
        },
      };
    },
  };
}
