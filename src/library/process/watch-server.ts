// Runs in a thread of the library's processes: ends the whole process when the server is gone, even out of an infinite loop.
import { workerData } from 'node:worker_threads';

const everyMs = 500;

setInterval(() => {
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL');
}, everyMs);
