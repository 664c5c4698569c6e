// How the process ends: gracefully on a signal, immediately on a second one. An uncaught error is logged and ends it gracefully too.
import type { Logger } from '../http/log.ts';

export interface ProcessEndOptions {
  /** Stops gracefully. */
  readonly stop: () => Promise<void>;
  readonly logger: Logger;
  /** Whether start-up is complete. A signal before that is logged, and the exit code is not 0: nothing was ever served. */
  readonly isServing: () => boolean;
  /** Milliseconds that a graceful end may take. */
  readonly limitMs?: number;
}

const startLimitMs = 2_000;

const signals = { SIGTERM: 143, SIGINT: 130 } as const;

/**
 * Call once. Exit code 0 after a signal; 128 plus its number if it came before start-up was complete; 1 after an uncaught error, or if the
 * end took too long.
 */
export function endWithProcess({ stop, logger, isServing, limitMs = 9_000 }: ProcessEndOptions): void {
  let ending = false;
  /** The first reason decides, but an error during shutdown still counts as an error. */
  let code = 0;

  function end(wanted: number): void {
    code = Math.max(code, wanted);
    if (ending) return;
    ending = true;
    // Before the server listens there are no requests to wait for.
    const patienceMs = isServing() ? limitMs : startLimitMs;
    // Whatever still hangs has to end now: the sender of the signal will not wait longer.
    setTimeout(() => {
      logger.error({ event: 'server.stop_timeout', limitMs: patienceMs });
      process.exit(Math.max(1, code));
    }, patienceMs).unref();
    stop().then(
      () => process.exit(code),
      (error: unknown) => {
        logger.error({ event: 'server.stop_failed', err: error });
        process.exit(1);
      },
    );
  }

  for (const [signal, codeOfSignal] of Object.entries(signals)) {
    process.on(signal, () => {
      if (ending) process.exit(codeOfSignal);
      if (isServing()) return end(0);
      logger.warn({ event: 'server.stopped_before_listening', signal });
      end(codeOfSignal);
    });
  }
  // Without these the runtime would print the error as it is, including values quoted in its message (invariant 10).
  process.on('uncaughtException', (error) => {
    logger.fatal({ event: 'server.uncaught_exception', err: error });
    end(1);
  });
  process.on('unhandledRejection', (reason) => {
    logger.fatal({ event: 'server.unhandled_rejection', err: reason });
    end(1);
  });
}
