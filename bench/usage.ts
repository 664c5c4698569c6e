// The processor time and memory of a process, from the operating system: for Node.js, oauth2-proxy and Redis alike.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { platform } from 'node:os';
import { promisify } from 'node:util';

export interface Usage {
  /** Processor time of all threads since the start, user and system, in microseconds. */
  readonly cpuUs: number;
  /** Resident memory in MB (1024² bytes). */
  readonly memoryMb: number;
}

/** @throws Error if there is no such process */
export async function usageOf(pid: number): Promise<Usage> {
  return platform() === 'linux' ? usageFromProc(pid) : usageFromPs(pid);
}

async function usageFromProc(pid: number): Promise<Usage> {
  const threads = await readdir(`/proc/${pid}/task`);
  // In nanoseconds. /proc/PID/stat counts in steps of 10 ms, which is too coarse for a short run.
  const times = await Promise.all(
    threads.map(async (thread) =>
      Number.parseInt(await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'), 10),
    ),
  );
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return {
    cpuUs: times.reduce((sum, time) => sum + time, 0) / 1000,
    memoryMb: Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024,
  };
}

async function usageFromPs(pid: number): Promise<Usage> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'time=', '-o', 'rss=', '-p', String(pid)]);
  const [time = '', kilobytes] = stdout.trim().split(/\s+/);
  // `1:02.34`, or with hours in front.
  const seconds = time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return { cpuUs: seconds * 1_000_000, memoryMb: Number(kilobytes) / 1024 };
}
