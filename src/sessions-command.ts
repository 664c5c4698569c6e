// `gatehouse sessions …`: opens what the command of the desk needs, and nothing of it before its words make sense.
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from './config/derive.ts';
import { createLogger } from './http/log.ts';
import { runSessionsCommand } from './sessions/cli-sessions.ts';
import { openRecord } from './wiring/audit-log.ts';
import { createSessionControl } from './wiring/session-control.ts';
import { openGateRedis, openPendingRevocations, openStore } from './wiring/store.ts';

/** @returns the exit code. */
export function sessionsCommand(args: readonly string[], config: Config): Promise<number> {
  const logger = createLogger(config.logLevel === 'info' ? 'error' : config.logLevel, process.stderr);
  return runSessionsCommand(args, {
    limits: config.session,
    now: Date.now,
    wait: delay,
    out: (line) => void process.stdout.write(`${line}\n`),
    err: (line) => void process.stderr.write(`${line}\n`),
    async open() {
      const { store: plain } = await openStore(config, logger);
      const pendingRevocations = openPendingRevocations(config, plain, logger);
      const store = { ...plain, sessions: pendingRevocations.sessions };
      const gateRedis = openGateRedis(config, logger);
      const recorder = openRecord({ config: () => config, store, logger, now: Date.now });
      const { revocation } = createSessionControl({
        config,
        store,
        logger,
        recorder,
        now: Date.now,
        gateRedis,
        pendingRevocations,
      });
      return {
        store,
        revocation,
        async close() {
          await recorder.close();
          gateRedis?.disconnect();
          await store.close();
        },
      };
    },
  });
}
