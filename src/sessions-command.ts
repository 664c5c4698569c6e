// `gatehouse sessions …`: opens what the command of the desk needs, and nothing of it before its words make sense.
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from './config/derive.ts';
import { createDesk } from './desk.ts';
import { createLogger } from './http/log.ts';
import { openRecord } from './open-record.ts';
import { openGateRedis, openStore, openUnfinished } from './open-store.ts';
import { runSessionsCommand } from './sessions/cli-sessions.ts';

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
      const unfinished = openUnfinished(config, plain, logger);
      const store = { ...plain, sessions: unfinished.sessions };
      const gateRedis = openGateRedis(config, logger);
      const recorder = openRecord({ config: () => config, store, logger, now: Date.now });
      const { ending } = createDesk({
        config,
        store,
        logger,
        recorder,
        now: Date.now,
        gateRedis,
        unfinished,
      });
      return {
        store,
        ending,
        async close() {
          await recorder.close();
          gateRedis?.disconnect();
          await store.close();
        },
      };
    },
  });
}
