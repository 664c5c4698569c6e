// Returns memory to the system while nobody is served. V8 keeps what a start or many requests at once needed: 360 MB instead of 145.
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface IdleMemoryOptions {
  /** Collects all garbage and returns free memory to the system; nothing is answered meanwhile, for about 0.1 s. */
  readonly collect: () => void;
  /** The size of the heap in bytes, garbage included. */
  readonly heapBytes: () => number;
  /** How much of the time since the last call the event loop was busy, 0 to 1. */
  readonly utilization: () => number;
}

const lookEveryMs = 1_000;
/** Below this the process is idle: a handful of requests a second. */
const idleBelow = 0.02;
/** Seconds without work before memory is returned. */
const quietLooks = 10;
/** Growth since the last time that is worth a pause. */
const growth = 1.5;

/** @returns to be called once a second. After a start, one idle second is enough. */
export function createIdleMemory({ collect, heapBytes, utilization }: IdleMemoryOptions): () => void {
  let quiet = 0;
  let needed = 1;
  let lastBytes = 0;
  return () => {
    quiet = utilization() < idleBelow ? quiet + 1 : 0;
    if (quiet < needed || heapBytes() < lastBytes * growth) return;
    collect();
    // Collecting is work too, and does not count as such.
    utilization();
    lastBytes = heapBytes();
    needed = quietLooks;
    quiet = 0;
  };
}

/** Starts looking; it keeps no process alive. */
export function returnIdleMemory(): void {
  let before = performance.eventLoopUtilization();
  const look = createIdleMemory({
    collect: createCollect(),
    heapBytes: () => process.memoryUsage().heapTotal,
    utilization() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
  });
  setInterval(look, lookEveryMs).unref();
}

/** V8's own function for it exists only in a context that was made while this flag was set. */
export function createCollect(): () => void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as (options: object) => void;
  setFlagsFromString('--no-expose-gc');
  return () => gc({ execution: 'sync', type: 'major', flavor: 'last-resort' });
}
