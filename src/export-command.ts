// `gatehouse confluence export`: opens the library and the record, and hands the pages of the one to the files of the other room.
import type { Config } from './config/derive.ts';
import { createProgressLine } from './confluence/cli-progress.ts';
import { openLibrary } from './confluence/library-store.ts';
import { idle } from './confluence/progress.ts';
import { createLogger } from './http/log.ts';
import { exportPages } from './library/export/export.ts';
import { runExportCommand } from './library/export-cli.ts';
import { openRecord } from './wiring/audit-log.ts';
import { libraryParts, libraryStyle } from './wiring/library.ts';
import { openStore } from './wiring/store.ts';

/** @returns the exit code. */
export function exportCommand(args: readonly string[], config: Config): Promise<number> {
  const logger = createLogger(config.logLevel === 'info' ? 'error' : config.logLevel, process.stderr);
  const { stderr } = process;
  const write = (text: string) => void stderr.write(text);
  const line = createProgressLine(
    { isTerminal: stderr.isTTY ?? false, columns: stderr.columns ?? 80, write },
    Date.now,
  );
  return runExportCommand(args, {
    progress: {
      show: (done, total) => line.show({ ...idle, state: 'fetching', done, total }),
      end: line.end,
    },
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => write(`${text}\n`),
    onInterrupt(stop) {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
      return () => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
      };
    },
    async open() {
      const { store } = await openStore(config, logger);
      const recorder = openRecord({ config: () => config, store, logger, now: Date.now });
      const library = openLibrary(config.dataDir);
      const { pages, url, exportsFolder } = libraryParts(config, library);
      const parts = { pages, url, exportsFolder, style: libraryStyle(), recorder };
      return {
        exportPages: (request) => exportPages(request, parts),
        folder: exportsFolder,
        async close() {
          library.close();
          await recorder.close();
          await store.close();
        },
      };
    },
  });
}
