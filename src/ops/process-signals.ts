// How the process ends: on a signal in order, on a second one at once; what nothing caught is named, and ends in order too.
import type { Logger } from '../http/log.ts';

export interface ProcessEndOptions {
  /** Stops in order. */
  readonly stop: () => Promise<void>;
  readonly logger: Logger;
  /** Whether the start is over. A signal before that is logged, and its exit code is not 0: nothing was ever served. */
  readonly isServing: () => boolean;
  /** Milliseconds that an end in order may take. */
  readonly limitMs?: number;
}

const startLimitMs = 2_000;

const signals = { SIGTERM: 143, SIGINT: 130 } as const;

/** Called once. Exit code 0 after a signal, 128 and its number where one came before the start was over, 1 after a fault or where the end took too long. */
export function endWithProcess({ stop, logger, isServing, limitMs = 9_000 }: ProcessEndOptions): void {
  let ending = false;
  /** The first reason counts, but a fault on the way out is a fault. */
  let code = 0;

  function end(wanted: number): void {
    code = Math.max(code, wanted);
    if (ending) return;
    ending = true;
    // Before it listens there is nobody to wait for.
    const patienceMs = isServing() ? limitMs : startLimitMs;
    // Whatever still hangs then, its time is up: whoever sent the signal will not wait longer.
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
