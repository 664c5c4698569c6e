// By how much the event loop was late: of the last minute, whoever asks and however often.
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Seconds. */
export interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const resolutionMs = 20;
const windowMs = 30_000;

/** @returns how to read it, and how to stop. */
export function watchEventLoop(): { readonly read: () => LoopDelay; readonly stop: () => void } {
  // Two windows, one begun half a minute after the other: no reading forgets what happened a moment ago.
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

/** What it measures are the distances between two turns, in nanoseconds: `resolutionMs` where nothing was late. */
function delayOf(histogram: ReturnType<typeof monitorEventLoopDelay>): LoopDelay {
  const late = (ns: number) => (histogram.count === 0 ? 0 : Math.max(0, ns / 1e9 - resolutionMs / 1000));
  return {
    p50: late(histogram.percentile(50)),
    p99: late(histogram.percentile(99)),
    max: late(histogram.max),
  };
}
