// How many requests are under way at once. Who is told to be slower goes on with fewer, and comes back one by one.

export interface ConcurrencyLimit {
  /** Waits for a place, and while everybody has to pause. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Half as many from now on, and nobody begins before `pause` is over. */
  slower(pause: Promise<unknown>): void;
}

/** So many answers in a row without a complaint win a place back. */
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
