// `gatehouse confluence …`: opens what a sync needs, and nothing of it before its words make sense.
import type { Config } from './config/derive.ts';
import { runConfluenceCommand } from './confluence/cli.ts';
import { openLibrary } from './confluence/library-store.ts';
import { exportCommand } from './export-command.ts';
import { createLogger } from './http/log.ts';
import { removableUntil } from './store/seen-clock.ts';
import { openVault } from './vault/open.ts';
import { openRecord } from './wiring/audit-log.ts';
import { openConfluence } from './wiring/confluence.ts';
import { openStore } from './wiring/store.ts';

/** @returns the exit code. */
export function confluenceCommand(args: readonly string[], config: Config): Promise<number> {
  const [task, ...rest] = args;
  if (task === 'export') return exportCommand(rest, config);
  const logger = createLogger(config.logLevel === 'info' ? 'error' : config.logLevel, process.stderr);
  const { stderr } = process;
  return runConfluenceCommand(args, {
    now: Date.now,
    screen: {
      isTerminal: stderr.isTTY ?? false,
      columns: stderr.columns ?? 80,
      write: (text) => void stderr.write(text),
    },
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    onInterrupt(stop) {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
      return () => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
      };
    },
    async open() {
      if (config.confluence.url === undefined) return { missing: true };
      const { store } = await openStore(config, logger);
      const recorder = openRecord({ config: () => config, store, logger, now: Date.now });
      const cookies = openVault({
        config: () => config,
        notes: store.notes,
        recorder,
        now: Date.now,
        removesUntil: () => removableUntil(store.facts, Date.now()),
      });
      const library = openLibrary(config.dataDir);
      const confluence = openConfluence({ config, library, cookies, recorder, logger });
      if (!confluence) return { missing: true };
      return {
        confluence,
        async close() {
          library.close();
          await recorder.close();
          await store.close();
        },
      };
    },
  });
}
