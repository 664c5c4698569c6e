// How many requests run at the same time. When the server asks us to slow down, the limit is halved, then recovers one at a time.

export interface ConcurrencyLimit {
  /** Waits for a free slot, and for any pause that applies to all. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Halves the limit, and starts nothing until `pause` is over. */
  slower(pause: Promise<unknown>): void;
}

/** This many successful answers in a row raise the limit by one. */
const goodRun = 50;

export function createConcurrencyLimit(most: number): ConcurrencyLimit {
  let width = most;
  let busy = 0;
  let good = 0;
  let pausing: Promise<unknown> = Promise.resolve();
  const waiting: (() => void)[] = [];

  function next(): void {
    while (busy < width) {
      const begin = waiting.shift();
      if (!begin) return;
      busy++;
      begin();
    }
  }

  return {
    async run(work) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        next();
      });
      try {
        for (let seen: unknown; seen !== pausing; ) {
          seen = pausing;
          await pausing;
        }
        const value = await work();
        if (++good >= goodRun && width < most) {
          width++;
          good = 0;
        }
        return value;
      } finally {
        busy--;
        next();
      }
    },
    slower(pause) {
      good = 0;
      width = Math.max(1, Math.floor(width / 2));
      pausing = Promise.all([pausing, pause]);
    },
  };
}
