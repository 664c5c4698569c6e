// The delay of the event loop over the last minute, independent of who reads it and how often.
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Seconds. */
export interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const resolutionMs = 20;
const windowMs = 30_000;

/** @returns how to read the delay and how to stop measuring */
export function watchEventLoop(): { readonly read: () => LoopDelay; readonly stop: () => void } {
  // Two windows, the second started half a minute after the first: no reading loses what happened just before it.
  let before: LoopDelay | undefined;
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  const timer = setInterval(() => {
    before = delayOf(histogram);
    histogram.reset();
  }, windowMs).unref();
  return {
    read() {
      const now = delayOf(histogram);
      if (!before) return now;
      return {
        p50: Math.max(before.p50, now.p50),
        p99: Math.max(before.p99, now.p99),
        max: Math.max(before.max, now.max),
      };
    },
    stop() {
      clearInterval(timer);
      histogram.disable();
    },
  };
}

/** The histogram holds the time between two turns, in nanoseconds: `resolutionMs` if nothing was late. */
function delayOf(histogram: ReturnType<typeof monitorEventLoopDelay>): LoopDelay {
  const late = (ns: number) => (histogram.count === 0 ? 0 : Math.max(0, ns / 1e9 - resolutionMs / 1000));
  return {
    p50: late(histogram.percentile(50)),
    p99: late(histogram.percentile(99)),
    max: late(histogram.max),
  };
}
