// How a process of the library ends: never later than the server that started it, and before it when memory runs out.
import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** When the system runs out of memory, this process is killed before the server is. Linux only. */
function goFirst(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Not Linux, or not permitted: then the system chooses.
  }
}

/**
 * Exits when the server ends: immediately if this process is idle, else through a thread that notices whatever this process is doing.
 */
export function leaveWithServer(): void {
  goFirst();
  process.on('disconnect', () => process.exit());
  // Ctrl-C in a terminal, and a stop of the whole service, reach this process too: the server ends it after the last answers were sent.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const workerData = Number(process.argv[2]);
  new Worker(new URL('./watch-server.ts', import.meta.url), { workerData, execArgv: [] }).unref();
}
