// The store and the audit log of this deployment, opened for one command.
import type { RecordKeeper } from '../audit/recorder.ts';
import type { Config } from '../config/derive.ts';
import { createLogger, type Logger } from '../http/log.ts';
import type { Store } from '../store/contract.ts';
import { openRecord } from '../wiring/audit-log.ts';
import { openStore } from '../wiring/store.ts';

export interface OpenDeployment {
  readonly store: Store;
  readonly recorder: RecordKeeper;
  readonly logger: Logger;
  close(): Promise<void>;
}

/** @throws like openStore */
export async function openDeployment(config: Config): Promise<OpenDeployment> {
  const logger = commandLogger(config);
  const { store } = await openStore(config, logger);
  const recorder = openRecord({ config: () => config, store, logger, now: Date.now });
  return {
    store,
    recorder,
    logger,
    async close() {
      await recorder.close();
      await store.close();
    },
  };
}

/** Standard output is for the answer, so the log goes to standard error: errors only, unless LOG_LEVEL asks for something else. */
export function commandLogger(config: Config): Logger {
  return createLogger(config.logLevel === 'info' ? 'error' : config.logLevel, process.stderr);
}
