// `gatehouse audit …`: opens what the command of the record needs, and nothing of it before its words make sense.
import { type AuditCommand, runAuditCommand } from './audit/cli.ts';
import type { Config } from './config/derive.ts';
import { createLogger } from './http/log.ts';
import { openRecord, recordKeysOf } from './wiring/audit-log.ts';
import { openStore } from './wiring/store.ts';

/** @returns the exit code. */
export function auditCommand(args: readonly string[], config: Config): Promise<number> {
  const logger = createLogger(config.logLevel === 'info' ? 'error' : config.logLevel, process.stderr);
  const command: AuditCommand = {
    now: Date.now,
    out: (text) => new Promise((resolve) => process.stdout.write(text, () => resolve())),
    err: (line) => void process.stderr.write(`${line}\n`),
    async open() {
      const { store } = await openStore(config, logger);
      const recorder = openRecord({ config: () => config, store, logger, now: Date.now });
      return {
        ...store,
        recorder,
        keys: recordKeysOf(config),
        async close() {
          await recorder.close();
          await store.close();
        },
      };
    },
  };
  return runAuditCommand(args, command);
}
