// How the process ends: on a signal in order, on a second one at once; what nothing caught is named, and ends in order too.
import type { Logger } from '../http/log.ts';

export interface ProcessEndOptions {
  /** Stops in order. */
  readonly stop: () => Promise<void>;
  readonly logger: Logger;
  /** Milliseconds that an end in order may take. */
  readonly limitMs?: number;
}

const signals = { SIGTERM: 143, SIGINT: 130 } as const;

/** Called once. Exit code 0 after a signal, 1 after a fault or where the end took too long. */
export function endWithProcess({ stop, logger, limitMs = 9_000 }: ProcessEndOptions): void {
  let ending = false;
  /** The first reason counts, but a fault on the way out is a fault. */
  let code = 0;

  function end(wanted: number): void {
    code = Math.max(code, wanted);
    if (ending) return;
    ending = true;
    // Whatever still hangs then, its time is up: whoever sent the signal will not wait longer.
    setTimeout(() => {
      logger.error({ event: 'server.stop_timeout', limitMs });
      process.exit(1);
    }, limitMs).unref();
    stop().then(
      () => process.exit(code),
      (error: unknown) => {
        logger.error({ event: 'server.stop_failed', err: error });
        process.exit(1);
      },
    );
  }

  for (const [signal, codeAtOnce] of Object.entries(signals)) {
    process.on(signal, () => {
      if (ending) process.exit(codeAtOnce);
      end(0);
    });
  }
  // Without these the runtime would print the error as it is, with whatever its message quotes (invariant 10).
  process.on('uncaughtException', (error) => {
    logger.fatal({ event: 'server.uncaught_exception', err: error });
    end(1);
  });
  process.on('unhandledRejection', (reason) => {
    logger.fatal({ event: 'server.unhandled_rejection', err: reason });
    end(1);
  });
}
