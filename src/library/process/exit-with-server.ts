// How a process of the library ends: never later than the server that began it, and before it where memory runs out.
import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';

/** Where the system's memory ends, this process goes before the server does. Linux alone knows it. */
function goFirst(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '1000');
  } catch {
    // Not Linux, or not allowed: then the system chooses.
  }
}

/** The server's end: at once where this process is idle, else told by a thread that sees it whatever goes on here. */
export function leaveWithServer(): void {
  goFirst();
  process.on('disconnect', () => process.exit());
  // Ctrl-C in a terminal, and a stop of the whole service, reach this process too: the server ends it when its answers are given.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const workerData = Number(process.argv[2]);
  new Worker(new URL('./watch-server.ts', import.meta.url), { workerData, execArgv: [] }).unref();
}
